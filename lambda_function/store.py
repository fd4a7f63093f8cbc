"""Tasks in DynamoDB: one table with the partition key ``task_id``, and an index for lists.

The index has ``TASKS_STATUS_SHARDS`` partitions for each status: a partition takes 1,000 writes a
second
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html).

Idempotency records are in the same table, under a prefix that no path can have. They have no
status, so they are not in the index.

The first implementation of this service stored no version and, at times, no status. Such a task is
at version 0 and has the first status; its next change stores both.
"""

import heapq
import os
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any
from zlib import crc32

import dynamodb
from dynamodb import ConditionFailed, Item
from idempotency import Record
from preconditions import Precondition
from problems import Problem, RequestInProgress, TaskNotFound, VersionMismatch
from tasks import STATUSES, Task, known_fields, timestamp
from uuid7 import uuid7

_CONFLICT_PAUSES = (0.05, 0.1, 0.2, 0.4)  # seconds
_SHARD_MARK = "#"
_UNKNOWN_TIME = "1970-01-01T00:00:00.000Z"
_NOT_STORED = {"title": "", "created_at": _UNKNOWN_TIME, "updated_at": _UNKNOWN_TIME}


class TaskTable:
    """The table of tasks; every method may raise ``Unavailable``."""

    def __init__(self, table: dynamodb.Table, index: str, shards: int) -> None:
        """Take the table, the name of its index, and the number of partitions for each status."""
        self._table = table
        self._index = index
        self._shards = shards

    def newest_tasks(self, status: str | None, before: str | None, count: int) -> Iterator[Task]:
        """Yield the tasks of a status, or of all, newest first, below the id ``before`` if given.

        Read ``count`` items of each partition, and more only if more are consumed.
        """
        statuses = STATUSES if status is None else (status,)
        newest = heapq.merge(
            *(
                self._newest(_partition(each, shard), before, count)
                for each in statuses
                for shard in range(self._shards)
            ),
            key=lambda item: item["task_id"]["S"],
            reverse=True,
        )
        last = None
        for item in newest:
            if item["task_id"] != last:  # a task that changes its status may be in two
                yield _task(item)
            last = item["task_id"]

    def read(self, task_id: str) -> Task:
        """Return a task; raise ``TaskNotFound``."""
        item = self._item(task_id)
        if not item:
            raise _rejection(task_id, item)
        return _task(item)

    def create(self, task: Task) -> None:
        """Add a new task; raise ``VersionMismatch`` if there is one with its id."""
        item = self._task_item(task)
        try:
            self._table.call(
                "PutItem",
                Item=item,
                ConditionExpression="attribute_not_exists(task_id)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ConditionFailed as failure:
            # After a retry an equal item is its own: the first response was lost.
            if not (failure.retried and failure.item == item):
                raise VersionMismatch(f"There is already a task {task.task_id}.") from None

    def create_once(self, task: Task, record: Record) -> Record:
        """Add a new task and its record in one transaction, or return the record in force.

        Raise ``RequestInProgress`` while another request does the same.
        """
        for pause in _CONFLICT_PAUSES:
            try:
                self._create_both(task, record)
                return record
            except ConditionFailed as failure:
                # A conflict with another transaction does not return what that one writes.
                first = _record(failure.item or self._item(record.record_id))
                if first and first.expires_at > time.time():
                    return first
                time.sleep(pause * random.uniform(0.5, 1))  # nosec B311 # jitter
        raise RequestInProgress

    def update(self, task_id: str, changes: Mapping[str, str], precondition: Precondition) -> Task:
        """Change fields of a task and return it; raise ``TaskNotFound`` or ``VersionMismatch``.

        Without changes write nothing and keep the version.
        """
        if not changes:
            task = self.read(task_id)
            if not precondition.allows(task.version):
                raise _mismatch(task.version)
            return task
        changed = {**changes, "updated_at": timestamp()}
        status = partition_of(changes.get("status", STATUSES[0]), task_id, self._shards)
        setters = {f"#{name}": f":{name}" for name in changed}
        setters["#status"] = ":status" if "status" in changes else "if_not_exists(#status, :status)"
        condition, values = _condition(precondition)
        write_id = {"S": uuid7()}  # distinguishes a retry from another update
        try:
            response = self._table.call(
                "UpdateItem",
                Key=_key(task_id),
                UpdateExpression="SET version = if_not_exists(version, :zero) + :one, "
                "write_id = :write_id, "
                + ", ".join(f"{name} = {value}" for name, value in setters.items()),
                ConditionExpression=f"{condition} AND NOT write_id = :write_id",
                ExpressionAttributeNames={name: name[1:] for name in setters},
                ExpressionAttributeValues={
                    **{f":{name}": {"S": text} for name, text in changed.items()},
                    **values,
                    ":status": {"S": status},
                    ":zero": {"N": "0"},
                    ":one": {"N": "1"},
                    ":write_id": write_id,
                },
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ConditionFailed as failure:
            if failure.item.get("write_id") == write_id:
                return _task(failure.item)
            raise _rejection(task_id, failure.item) from None
        return _task(response["Attributes"])

    def delete(self, task_id: str, precondition: Precondition) -> None:
        """Delete a task; raise ``TaskNotFound`` or ``VersionMismatch``."""
        condition, values = _condition(precondition)
        try:
            self._table.call(
                "DeleteItem",
                Key=_key(task_id),
                ConditionExpression=condition,
                **({"ExpressionAttributeValues": values} if values else {}),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ConditionFailed as failure:
            if failure.item or not failure.retried:
                raise _rejection(task_id, failure.item) from None

    def _newest(self, partition: str, before: str | None, count: int) -> Iterator[Item]:
        """Yield the items of a partition of the index, newest first."""
        condition, values = "#status = :status", {":status": {"S": partition}}
        while True:
            if before is not None:
                condition = "#status = :status AND task_id < :before"
                values[":before"] = {"S": before}
            response = self._table.call(
                "Query",
                IndexName=self._index,
                KeyConditionExpression=condition,
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues=values,
                ScanIndexForward=False,
                Limit=count,
            )
            yield from response["Items"]
            if "LastEvaluatedKey" not in response:
                return
            before = response["LastEvaluatedKey"]["task_id"]["S"]

    def _create_both(self, task: Task, record: Record) -> None:
        record_put = {
            "TableName": self._table.name,
            "Item": _record_item(record),
            # TTL may remove expired records days late.
            "ConditionExpression": "NOT expires_at > :now",
            "ExpressionAttributeValues": {":now": {"N": str(int(time.time()))}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        task_put = {
            "TableName": self._table.name,
            "Item": self._task_item(task),
            "ConditionExpression": "attribute_not_exists(task_id)",
        }
        puts = [{"Put": task_put}, {"Put": record_put}]
        # With a token a retry repeats nothing.
        self._table.call("TransactWriteItems", TransactItems=puts, ClientRequestToken=uuid7())

    def _item(self, key: str) -> Item:
        response = self._table.call("GetItem", Key=_key(key), ConsistentRead=True)
        item: Item = response.get("Item", {})
        return item

    def _task_item(self, task: Task) -> Item:
        """Return the item of a task; its status is its partition of the index."""
        partition = partition_of(task.status, task.task_id, self._shards)
        return {
            name: {"N": str(value)} if isinstance(value, int) else {"S": value}
            for name, value in {**asdict(task), "status": partition}.items()
        }


def connect(deadline: float) -> TaskTable:
    """Return the table that the function's environment variables name.

    ``deadline`` is a time of ``time.monotonic`` by which the request has to be answered.
    """
    shards = int(os.environ.get("TASKS_STATUS_SHARDS", "1"))
    return TaskTable(dynamodb.connect(deadline), os.environ["TASKS_INDEX_NAME"], shards)


def partition_of(status: str, task_id: str, shards: int) -> str:
    """Return the partition of the index for a task of this status."""
    return _partition(status, crc32(task_id.encode()) % shards)


def _task(item: Item) -> Task:
    """Return the task in an item, whichever version of the service wrote it."""
    stored = {name: _text(value) for name, value in known_fields(item).items()}
    status = stored.get("status", "").partition(_SHARD_MARK)[0]
    texts: dict[str, Any] = {**_NOT_STORED, **stored, "status": status or STATUSES[0]}
    return Task(**{**texts, "version": _version(item)})


def _text(attribute: Mapping[str, Any]) -> str:
    # The first implementation accepted numbers as titles.
    return str(attribute.get("S") or attribute.get("N") or "")


def _version(item: Item) -> int:
    number = item.get("version", {}).get("N", "")
    return int(number) if number.isdecimal() else 0


def _partition(status: str, shard: int) -> str:
    # The first is the plain status, so items written without shards need no migration.
    return f"{status}{_SHARD_MARK}{shard}" if shard else status


def _record(item: Item) -> Record | None:
    if not item:
        return None
    return Record(
        record_id=item["task_id"]["S"],
        fingerprint=item["fingerprint"]["S"],
        answer=item["answer"]["S"],
        expires_at=int(item["expires_at"]["N"]),
    )


def _record_item(record: Record) -> Item:
    return {
        "task_id": {"S": record.record_id},
        "fingerprint": {"S": record.fingerprint},
        "answer": {"S": record.answer},
        "expires_at": {"N": str(record.expires_at)},
    }


def _rejection(task_id: str, item: Item) -> Problem:
    return _mismatch(_version(item)) if item else TaskNotFound(f"There is no task {task_id}.")


def _mismatch(version: int) -> Problem:
    return VersionMismatch(f"The task is at version {version}; read it again.")


def _condition(precondition: Precondition) -> tuple[str, Item]:
    """Return the condition under which a task may be written, and the values in it."""
    condition, values = "attribute_exists(task_id)", Item()
    if precondition.accepted is not None:
        # An empty IN is not valid, and no task has version -1.
        test, values = _version_in("accepted", precondition.accepted or (-1,))
        condition += f" AND {test}"
    if precondition.rejected:
        test, rejected = _version_in("rejected", precondition.rejected)
        condition += f" AND NOT {test}"
        values |= rejected
    return condition, values


def _version_in(name: str, versions: tuple[int, ...]) -> tuple[str, Item]:
    values = {f":{name}{place}": {"N": str(number)} for place, number in enumerate(versions)}
    test = f"version IN ({', '.join(values)})"
    return (f"({test} OR attribute_not_exists(version))" if 0 in versions else test), values


def _key(task_id: str) -> Item:
    return {"task_id": {"S": task_id}}
