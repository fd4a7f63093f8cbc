"""Tasks in DynamoDB: one table, partition key ``task_id``, and an index of it for lists.

Idempotency records live in the same table under a prefix that no path can name. They have no
status, so they are not in the index.
"""

import heapq
import os
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import dynamodb
from dynamodb import Refused
from idempotency import Record
from items import Item, partition, record_item, record_of, task_item, task_of, whole
from partitions import partition_of, partitions
from preconditions import Precondition
from problems import Problem, RequestInProgress, TaskNotFound, VersionMismatch
from tasks import STATUSES, Task, timestamp
from uuid7 import uuid7

_CONFLICT_PAUSES = (0.05, 0.1, 0.2, 0.4)  # seconds
_ANY = Precondition()
_SOUND_STATUS = "attribute_type(#status, :text) AND #status >= :lowest_text"
_SOUND_STATUS_VALUES: Item = {":text": {"S": "S"}, ":lowest_text": {"S": "\x00"}}


class TaskTable:
    """The table of tasks; every method raises ``Unavailable`` when DynamoDB does not answer."""

    def __init__(self, table: dynamodb.Table, index: str, shards: int) -> None:
        """Take the table, the name of its index, and the number of partitions for each status."""
        self._table = table
        self._index = index
        self._shards = shards

    def newest_tasks(self, status: str | None, before: str | None, count: int) -> Iterator[Task]:
        """Yield the tasks of a status, or all, newest first, below the id ``before`` if given.

        Reads ``count`` items of each partition at once, and more only if more are wanted.
        """
        newest = heapq.merge(
            *(self._newest(name, before, count) for name in partitions(status, self._shards)),
            key=lambda item: item["task_id"]["S"],
            reverse=True,
        )
        last = None
        for item in newest:
            if item["task_id"] != last:  # one that has just changed its status may be in two
                yield task_of(item)
            last = item["task_id"]

    def read(self, task_id: str) -> Task:
        """Return a task; raise ``TaskNotFound``."""
        item = self._item(task_id)
        if not item:
            raise _refusal(task_id, item)
        return task_of(item)

    def create(self, task: Task) -> None:
        """Add a new task; raise ``VersionMismatch`` if there is one with its id."""
        item = task_item(task, self._shards)
        try:
            self._table.call(
                "put_item",
                Item=item,
                ConditionExpression="attribute_not_exists(task_id)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except Refused as refused:
            # After a retry by the SDK the same item is its own: the first answer was lost.
            if not (refused.repeated and refused.item == item):
                raise VersionMismatch(f"There is already a task {task.task_id}.") from None

    def create_once(self, task: Task, record: Record) -> Record:
        """Add a new task and its record in one transaction, or return the record in force.

        Raises ``RequestInProgress`` while another request does the same.
        """
        for pause in _CONFLICT_PAUSES:
            try:
                self._create_both(task, record)
                return record
            except Refused as refused:
                # Two transactions in conflict: the refused one is not told what the other writes.
                found = record_of(refused.item or self._item(record.record_id))
                if found.expires_at > time.time():
                    return found
                time.sleep(pause * random.uniform(0.5, 1))  # nosec B311 # jitter
        raise RequestInProgress

    def update(self, task_id: str, changes: Mapping[str, str], precondition: Precondition) -> Task:
        """Change fields of a task and return it; raise ``TaskNotFound`` or ``VersionMismatch``.

        Without changes nothing is written, and the version stays.
        """
        if not changes:
            task = self.read(task_id)
            if not precondition.allows(task.version):
                raise _mismatch(task.version)
            return task
        fields = {**changes, "updated_at": timestamp()}
        if "status" in fields:
            fields["status"] = partition_of(fields["status"], task_id, self._shards)
        write_id = {"S": uuid7()}  # tells an update repeated by the SDK from somebody else's
        condition, values = _version_condition(precondition)
        try:
            answer = self._write(
                "update_item",
                task_id,
                UpdateExpression="SET version = version + :one, write_id = :write_id, "
                + ", ".join(f"#{name} = :{name}" for name in fields),
                ConditionExpression=f"{condition} AND {_SOUND_STATUS} AND NOT write_id = :write_id",
                ExpressionAttributeNames={f"#{name}": name for name in {**fields, "status": ""}},
                ExpressionAttributeValues={
                    **{f":{name}": {"S": text} for name, text in fields.items()},
                    **values,
                    **_SOUND_STATUS_VALUES,
                    ":one": {"N": "1"},
                    ":write_id": write_id,
                },
                ReturnValues="ALL_NEW",
            )
        except Refused as refused:
            if refused.item.get("write_id") == write_id:
                return task_of(refused.item)
            raise _refusal(task_id, refused.item) from None
        return task_of(answer["Attributes"])

    def delete(self, task_id: str, precondition: Precondition) -> None:
        """Delete a task; raise ``TaskNotFound`` or ``VersionMismatch``."""
        arguments: dict[str, object] = {"ConditionExpression": "attribute_exists(task_id)"}
        if precondition != _ANY:
            condition, values = _version_condition(precondition)
            arguments = {"ConditionExpression": condition, "ExpressionAttributeValues": values}
        try:
            self._write("delete_item", task_id, **arguments)
        except Refused as refused:
            if refused.item or not refused.repeated:
                raise _refusal(task_id, refused.item) from None

    def _newest(self, name: str, before: str | None, count: int) -> Iterator[Item]:
        """Yield the items of a partition of the index, newest first."""
        condition, values = "#status = :status", {":status": {"S": name}}
        while True:
            if before is not None:
                condition = "#status = :status AND task_id < :before"
                values[":before"] = {"S": before}
            answer = self._table.call(
                "query",
                IndexName=self._index,
                KeyConditionExpression=condition,
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues=values,
                ScanIndexForward=False,
                Limit=count,
            )
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            before = answer["LastEvaluatedKey"]["task_id"]["S"]

    def _create_both(self, task: Task, record: Record) -> None:
        record_put = {
            "TableName": self._table.name,
            "Item": record_item(record),
            # Of one in force; TTL may remove the others days late.
            "ConditionExpression": "NOT expires_at > :now",
            "ExpressionAttributeValues": {":now": {"N": str(int(time.time()))}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        task_put = {
            "TableName": self._table.name,
            "Item": task_item(task, self._shards),
            "ConditionExpression": "attribute_not_exists(task_id)",
        }
        puts = [{"Put": task_put}, {"Put": record_put}]
        self._table.call("transact_write_items", TransactItems=puts)

    def _item(self, key: str) -> Item:
        answer = self._table.call("get_item", Key=_key(key), ConsistentRead=True)
        item: Item = answer.get("Item", {})
        return item

    def _write(self, operation: str, task_id: str, **arguments: object) -> dict[str, Any]:
        write = partial(
            self._table.call,
            operation,
            Key=_key(task_id),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **arguments,
        )
        try:
            return write()
        except Refused as refused:
            if not refused.item or not self._repair(refused.item):
                raise
        return write()

    def _repair(self, item: Item) -> bool:
        """Store what clients are shown in place of a damaged version or status, if there is one."""
        updates, conditions = [], ["attribute_exists(task_id)"]
        values: Item = {}
        if whole(item, "version") is None:
            updates.append("version = :zero")
            values[":zero"] = {"N": "0"}
            conditions.append("attribute_not_exists(version)")
            if "version" in item:
                values[":damaged"] = item["version"]
                conditions[-1] = "version = :damaged"
        names = {}
        if partition(item) is None:
            updates.append("#status = :first")
            shown = partition_of(STATUSES[0], item["task_id"]["S"], self._shards)
            values |= {**_SOUND_STATUS_VALUES, ":first": {"S": shown}}
            names = {"ExpressionAttributeNames": {"#status": "status"}}
            conditions.append(f"NOT ({_SOUND_STATUS})")
        if not updates:
            return False
        with suppress(Refused):  # by somebody else's repair
            self._table.call(
                "update_item",
                Key={"task_id": item["task_id"]},
                UpdateExpression=f"SET {', '.join(updates)}",
                ConditionExpression=" AND ".join(conditions),
                ExpressionAttributeValues=values,
                **names,
            )
        return True


def connect(deadline: float) -> TaskTable:
    """Return the table that the function's environment variables name.

    ``deadline`` is a time of ``time.monotonic`` by which the request has to be answered.
    """
    shards = int(os.environ.get("TASKS_STATUS_SHARDS", "1"))
    return TaskTable(dynamodb.connect(deadline), os.environ["TASKS_INDEX_NAME"], shards)


def _refusal(task_id: str, item: Item) -> Problem:
    if not item:
        return TaskNotFound(f"There is no task {task_id}.")
    return _mismatch(whole(item, "version") or 0)


def _mismatch(version: int) -> Problem:
    return VersionMismatch(f"The task is at version {version}; read it again.")


def _version_condition(precondition: Precondition) -> tuple[str, Item]:
    condition = "attribute_type(version, :number) AND version BETWEEN :lowest AND :highest"
    values = {":number": {"S": "N"}, ":lowest": {"N": "0"}, ":highest": {"N": "9" * 15}}
    if precondition.accepted is not None:
        # No version at all is -1, which no task has.
        tags = _named("accepted", precondition.accepted or (-1,))
        condition += f" AND version IN ({', '.join(tags)})"
        values |= tags
    if precondition.refused:
        tags = _named("refused", precondition.refused)
        condition += f" AND NOT version IN ({', '.join(tags)})"
        values |= tags
    return condition, values


def _named(name: str, versions: tuple[int, ...]) -> Item:
    return {f":{name}{place}": {"N": str(number)} for place, number in enumerate(versions)}


def _key(task_id: str) -> Item:
    return {"task_id": {"S": task_id}}
