"""Tasks in DynamoDB: one table, partition key ``task_id``.

Idempotency records live in the same table under a prefix that no path can name.
"""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache, partial
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.parsers import ResponseParserError

from idempotency import RECORD_PREFIX, Record
from items import Item, record_item, record_of, task_item, task_of, whole
from problems import Problem, TaskNotFound, Unavailable, VersionMismatch
from tasks import Task, timestamp
from uuid7 import uuid7

Versions = tuple[int, ...] | None  # those that a client accepts; None for any

# Two attempts of at most 4 s and the pause between them end before the function's 10 s do.
_CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 2},
    parameter_validation=False,  # a tenth of a call's time; all arguments are written here
)
_BUSY = {  # the 4xx answers of DynamoDB that a later attempt may not get
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
}
_CONFLICT_PAUSES = (0.05, 0.1, 0.2)  # seconds


class _Refused(Exception):
    """A condition was not met: by ``item``, or because there is none."""

    def __init__(self, item: Item, *, repeated: bool) -> None:
        self.item = item
        self.repeated = repeated  # the first attempt may have been written and its answer lost


class TaskTable:
    """The table of tasks; every method raises ``Unavailable`` when DynamoDB does not answer."""

    def __init__(self, client: Any, name: str) -> None:
        """Take a low-level client (``Any``: botocore makes its methods at run time) and a name."""
        self._client = client
        self._name = name

    def newest_tasks(self, before: str | None = None) -> list[Task]:
        """Return all tasks, or all whose id is below ``before``, newest first."""
        condition, values = "NOT begins_with(task_id, :records)", {":records": {"S": RECORD_PREFIX}}
        if before is not None:
            condition += " AND task_id < :before"
            values[":before"] = {"S": before}
        scan = partial(
            self._call,
            "scan",
            ConsistentRead=True,
            FilterExpression=condition,
            ExpressionAttributeValues=values,
        )
        page = scan()
        tasks = [task_of(item) for item in page["Items"]]
        while "LastEvaluatedKey" in page:
            page = scan(ExclusiveStartKey=page["LastEvaluatedKey"])
            tasks += [task_of(item) for item in page["Items"]]
        return sorted(tasks, key=lambda task: task.task_id, reverse=True)

    def read(self, task_id: str) -> Task:
        """Return a task; raise ``TaskNotFound``."""
        item = self._item(task_id)
        if not item:
            raise _refusal(task_id, item)
        return task_of(item)

    def create(self, task: Task) -> None:
        """Add a new task."""
        # Its id is new, so a refusal means that the first attempt was written, its answer lost.
        with suppress(_Refused):
            self._call(
                "put_item",
                Item=task_item(task),
                ConditionExpression="attribute_not_exists(task_id)",
            )

    def create_once(self, task: Task, record: Record) -> Record:
        """Add a new task and its record in one transaction, or return the record in force."""
        for pause in _CONFLICT_PAUSES:
            try:
                self._create_both(task, record)
                return record
            except _Refused as refused:
                # Two transactions in conflict: the refused one is not told what the other writes.
                found = record_of(refused.item or self._item(record.record_id))
                if found.expires_at > time.time():
                    return found
                time.sleep(pause)
        raise Unavailable("A request with the same Idempotency-Key is under way; try again.")

    def update(self, task_id: str, changes: Mapping[str, str], versions: Versions) -> Task:
        """Change fields of a task and return it; raise ``TaskNotFound`` or ``VersionMismatch``."""
        fields = {**changes, "updated_at": timestamp()}
        write_id = {"S": uuid7()}  # tells an update repeated by the SDK from somebody else's
        condition, values = _version_condition(versions)
        try:
            answer = self._write(
                "update_item",
                task_id,
                UpdateExpression="SET version = version + :one, write_id = :write_id, "
                + ", ".join(f"#{name} = :{name}" for name in fields),
                ConditionExpression=f"{condition} AND NOT write_id = :write_id",
                ExpressionAttributeNames={f"#{name}": name for name in fields},
                ExpressionAttributeValues={
                    **{f":{name}": {"S": text} for name, text in fields.items()},
                    **values,
                    ":one": {"N": "1"},
                    ":write_id": write_id,
                },
                ReturnValues="ALL_NEW",
            )
        except _Refused as refused:
            if refused.item.get("write_id") == write_id:
                return task_of(refused.item)
            raise _refusal(task_id, refused.item) from None
        return task_of(answer["Attributes"])

    def delete(self, task_id: str, versions: Versions) -> None:
        """Delete a task; raise ``TaskNotFound`` or ``VersionMismatch``."""
        arguments: dict[str, object] = {"ConditionExpression": "attribute_exists(task_id)"}
        if versions is not None:
            condition, values = _version_condition(versions)
            arguments = {"ConditionExpression": condition, "ExpressionAttributeValues": values}
        try:
            self._write("delete_item", task_id, **arguments)
        except _Refused as refused:
            if refused.item or not refused.repeated:
                raise _refusal(task_id, refused.item) from None

    def _create_both(self, task: Task, record: Record) -> None:
        unclaimed = "attribute_not_exists(task_id)"
        record_put = {
            "TableName": self._name,
            "Item": record_item(record),
            "ConditionExpression": f"{unclaimed} OR expires_at <= :now",  # TTL may be days late
            "ExpressionAttributeValues": {":now": {"N": str(int(time.time()))}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        task_put = {
            "TableName": self._name,
            "Item": task_item(task),
            "ConditionExpression": unclaimed,
        }
        self._call("transact_write_items", TransactItems=[{"Put": task_put}, {"Put": record_put}])

    def _item(self, key: str) -> Item:
        item: Item = self._call("get_item", Key=_key(key), ConsistentRead=True).get("Item", {})
        return item

    def _write(self, operation: str, task_id: str, **arguments: object) -> dict[str, Any]:
        write = partial(
            self._call,
            operation,
            Key=_key(task_id),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **arguments,
        )
        try:
            return write()
        except _Refused as refused:
            if not refused.item or whole(refused.item, "version") is not None:
                raise
            self._repair_version(refused.item)
        return write()

    def _repair_version(self, item: Item) -> None:
        """Store 0, which is what clients are shown, in place of a version that is no version."""
        values = {":zero": {"N": "0"}}
        condition = "attribute_exists(task_id) AND attribute_not_exists(version)"
        if "version" in item:
            values[":damaged"] = item["version"]
            condition = "version = :damaged"
        with suppress(_Refused):
            self._call(
                "update_item",
                Key={"task_id": item["task_id"]},
                UpdateExpression="SET version = :zero",
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
            )

    def _call(self, operation: str, **arguments: object) -> dict[str, Any]:
        """Call DynamoDB; its answers that no request can cause are raised as they are."""
        if operation != "transact_write_items":
            arguments["TableName"] = self._name
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(**arguments)
        except ClientError as error:
            refused = _refused(error.response)
            if refused:
                raise refused from error
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status >= 500 or error.response["Error"]["Code"] in _BUSY:
                raise Unavailable from error
            raise
        except (NoConnectionError, HTTPClientError, ResponseParserError) as error:
            raise Unavailable from error
        return answer


@cache
def connect() -> TaskTable:
    """Return the table named by ``TASKS_TABLE_NAME``, connected on first use."""
    # Not boto3: its session alone costs a tenth of a cold start, and only its core is needed here.
    client = botocore.session.get_session().create_client("dynamodb", config=_CONFIG)
    return TaskTable(client, os.environ["TASKS_TABLE_NAME"])


def _refused(response: dict[str, Any]) -> _Refused | None:
    repeated = response.get("ResponseMetadata", {}).get("RetryAttempts", 0) > 0
    match response["Error"]["Code"]:
        case "ConditionalCheckFailedException":
            return _Refused(response.get("Item", {}), repeated=repeated)
        case "TransactionCanceledException":
            reasons = response.get("CancellationReasons") or [{}]
            return _Refused(reasons[-1].get("Item", {}), repeated=repeated)
    return None


def _refusal(task_id: str, item: Item) -> Problem:
    if not item:
        return TaskNotFound(f"There is no task {task_id}.")
    return VersionMismatch(f"The task is at version {whole(item, 'version') or 0}; read it again.")


def _version_condition(versions: Versions) -> tuple[str, Item]:
    condition = "attribute_type(version, :number) AND version BETWEEN :first AND :last"
    values = {":number": {"S": "N"}, ":first": {"N": "0"}, ":last": {"N": "9" * 15}}
    if versions is None:
        return condition, values
    # No version at all is -1, which no task has.
    tags = {f":tag{place}": {"N": str(number)} for place, number in enumerate(versions or (-1,))}
    return f"{condition} AND version IN ({', '.join(tags)})", {**values, **tags}


def _key(task_id: str) -> Item:
    return {"task_id": {"S": task_id}}
