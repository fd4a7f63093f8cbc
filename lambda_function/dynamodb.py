"""The table of the service: calls that end before the request's deadline, and their errors."""

import os
import time
from functools import cache
from typing import Any

from dynamodb_client import ATTEMPTS, CONNECT, PAUSE, READ, Client, DynamoDBError, NoAnswer
from problems import TaskTooLarge, Unavailable

_CALL = ATTEMPTS * (CONNECT + READ) + PAUSE  # the longest that a call can take, in seconds
_RESPONSE = 0.5  # for the response after the last call

Item = dict[str, dict[str, Any]]  # typed attributes: ``{"title": {"S": "…"}, …}``


class ConditionFailed(Exception):
    """The condition of a write was not met by ``item``: ``{}`` if there is none."""

    def __init__(self, item: Item, *, retried: bool) -> None:
        """Take whether the call was retried, so that its first attempt may have been written."""
        self.item = item
        self.retried = retried


class Table:
    """A table, and the deadline of the request that uses it."""

    def __init__(self, client: Client, name: str, deadline: float) -> None:
        """Take the client and the table's name.

        ``deadline`` is a time of ``time.monotonic`` by which the request has to be answered.
        """
        self.name = name
        self._client = client
        self._deadline = deadline

    def call(self, operation: str, **arguments: object) -> dict[str, Any]:
        """Call DynamoDB and return its response.

        Raise ``ConditionFailed``, ``TaskTooLarge``, or ``Unavailable`` if DynamoDB throttles, fails
        or cannot be reached, or if too little time is left for the call. Other errors, which no
        request can cause, are raised as they are.
        """
        if time.monotonic() + _CALL + _RESPONSE > self._deadline:
            raise Unavailable
        if operation != "TransactWriteItems":
            arguments["TableName"] = self.name
        try:
            return self._client.call(operation, arguments)
        except DynamoDBError as error:
            failure = _condition_failure(error)
            if failure:
                raise failure from error
            if error.is_transient:
                raise Unavailable from error
            # The code is that of every malformed call; only the message tells them apart.
            if error.code == "ValidationException" and error.message.startswith("Item size "):
                raise TaskTooLarge from error
            raise
        except NoAnswer as error:
            raise Unavailable from error


@cache
def client() -> Client:
    """Return the client of this process, made on first use."""
    return Client()


def connect(deadline: float) -> Table:
    """Return the table named by ``TASKS_TABLE_NAME``."""
    return Table(client(), os.environ["TASKS_TABLE_NAME"], deadline)


def _condition_failure(error: DynamoDBError) -> ConditionFailed | None:
    match error.code:
        case "ConditionalCheckFailedException":
            return ConditionFailed(error.item, retried=error.retried)
        case "TransactionCanceledException":
            codes = {reason.get("Code") for reason in error.reasons}
            if {"ConditionalCheckFailed", "TransactionConflict"} & codes:
                item = error.reasons[-1].get("Item", {})
                return ConditionFailed(item, retried=error.retried)
    return None
