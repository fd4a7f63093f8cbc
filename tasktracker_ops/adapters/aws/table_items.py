"""The items of a table of tasks, as DynamoDB has them: read by pages, written on a condition."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .session import AwsError, AwsSession, aws_errors

# Typed attributes: `{"title": {"S": "…"}, …}`.
Item = Mapping[str, Mapping[str, Any]]

KEY = "task_id"
MOST_KEYS = 100  # of one BatchGetItem
_PAGE = 500  # items; the longest tasks make 1 MB of less
# As in lambda_function/idempotency.py: these items are no tasks.
_RECORDS = "idempotency#"
# What each write by the service changes; together they are of one write only.
_WRITE_MARKS = ("version", "updated_at", "write_id")
_PAUSE = 0.5  # seconds, while DynamoDB throttles
_CONDITION_FAILED = "ConditionalCheckFailedException"


def write_marks(item: Item) -> Item:
    """Return the attributes that differ once an item is written again."""
    return {name: item[name] for name in _WRITE_MARKS if name in item}


class TableItems:
    """The tasks of one table."""

    def __init__(self, session: AwsSession, table: str) -> None:
        self._session = session
        self._table = table

    def pages(self) -> Iterator[Sequence[Item]]:
        """Yield all tasks by pages of at most 1 MB, each as it was when its page was read."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table,
            ConsistentRead=True,
            Limit=_PAGE,
            FilterExpression=f"NOT begins_with({KEY}, :records)",
            ExpressionAttributeValues={":records": {"S": _RECORDS}},
        )
        with aws_errors(f"reading the table {self._table!r}"):
            for page in pages:
                yield page["Items"]

    def get(self, task_ids: Sequence[str]) -> list[Item]:
        """Return the items of up to MOST_KEYS ids, as far as they exist, in any order."""
        found: list[Item] = []
        wanted: Any = {
            self._table: {"Keys": [{KEY: {"S": task_id}} for task_id in task_ids]},
        }
        while wanted:
            with aws_errors(f"reading tasks of the table {self._table!r}"):
                answer = self._client.batch_get_item(RequestItems=wanted)
            found += answer["Responses"].get(self._table, [])
            if wanted := answer.get("UnprocessedKeys"):
                time.sleep(_PAUSE)
        return found

    def put(self, item: Item, *, over: Item | None) -> bool:
        """Write an item over the one with these marks, or where there is none; return whether.

        It is written if the present one still has the marks `over`, so nothing newer is lost.
        """
        request: dict[str, Any] = {
            "TableName": self._table,
            "Item": item,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            "ConditionExpression": f"attribute_not_exists({KEY})",
        }
        if over is not None:
            request |= _if_marks_are(over)
        try:
            with aws_errors(f"writing a task to the table {self._table!r}"):
                self._client.put_item(**request)
        except AwsError as error:
            if error.aws_code != _CONDITION_FAILED:
                raise
            # After a retry of the SDK an equal item is its own: the first response was lost.
            return bool(_item_of(error) == item)
        return True

    @property
    def _client(self) -> Any:
        return self._session.client("dynamodb")


def _if_marks_are(marks: Item) -> dict[str, Any]:
    """Return the condition that an item exists with these marks, and with no others."""
    condition = f"attribute_exists({KEY})"
    for name in _WRITE_MARKS:
        has = f"#{name} = :{name}" if name in marks else f"attribute_not_exists(#{name})"
        condition += f" AND {has}"
    values = {f":{name}": value for name, value in marks.items()}
    return {
        "ConditionExpression": condition,
        "ExpressionAttributeNames": {f"#{name}": name for name in _WRITE_MARKS},
        **({"ExpressionAttributeValues": values} if values else {}),
    }


def _item_of(error: AwsError) -> Any:
    response: Mapping[str, Any] = getattr(error.__cause__, "response", {})
    return response.get("Item")
