"""The DynamoDB client: calls that end before the request's deadline, and their errors."""

import os
import time
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.parsers import ResponseParserError

from problems import TaskTooLarge, Unavailable

_CONNECT, _READ, _ATTEMPTS, _PAUSE = 1.0, 1.5, 2, 1.0  # seconds; the SDK pauses for up to 1
_CALL = _ATTEMPTS * (_CONNECT + _READ) + _PAUSE  # the longest that a call can take
_RESPONSE = 0.5  # for the response after the last call

_CONFIG = Config(
    connect_timeout=_CONNECT,
    read_timeout=_READ,
    retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
    parameter_validation=False,  # saves a tenth of each call; all arguments are ours
)
_TRANSIENT_CODES = {  # of the 4xx responses that a later attempt may not get
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
}
_TRANSIENT_REASONS = {"ProvisionedThroughputExceeded", "ThrottlingError"}  # of a cancellation
_TRUNCATED = "truncated"  # a key that is added to the SDK's response

Item = dict[str, dict[str, Any]]  # typed attributes: ``{"title": {"S": "…"}, …}``


class ConditionFailed(Exception):
    """The condition of a write was not met by ``item``: ``{}`` if there is none."""

    def __init__(self, item: Item, *, retried: bool) -> None:
        """Take whether the SDK has retried, so that its first attempt may have been written."""
        self.item = item
        self.retried = retried


class Table:
    """A table, and the deadline of the request that uses it."""

    def __init__(self, client: Any, name: str, deadline: float) -> None:
        """Take botocore's client, whose methods are made at run time, and the table's name.

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
        if operation != "transact_write_items":
            arguments["TableName"] = self.name
        try:
            response: dict[str, Any] = getattr(self._client, operation)(**arguments)
        except ClientError as error:
            failure = _condition_failure(error.response)
            if failure:
                raise failure from error
            if _is_transient(error.response):
                raise Unavailable from error
            if _is_too_large(error.response):
                raise TaskTooLarge from error
            raise
        except (NoConnectionError, HTTPClientError, ResponseParserError) as error:
            raise Unavailable from error
        if _TRUNCATED in response:
            raise Unavailable
        return response


@cache
def client() -> Any:
    """Return the client of this process, made on first use."""
    # Without boto3, whose session costs a tenth of a cold start.
    made = botocore.session.get_session().create_client("dynamodb", config=_CONFIG)
    made.meta.events.register("before-parse.dynamodb", _mark_truncated)
    return made


def connect(deadline: float) -> Table:
    """Return the table named by ``TASKS_TABLE_NAME``."""
    return Table(client(), os.environ["TASKS_TABLE_NAME"], deadline)


def _mark_truncated(
    response_dict: dict[str, Any], customized_response_dict: dict[str, object], **_: object
) -> None:
    # The SDK takes a body that it cannot parse for an empty response, which means "no such task".
    body = response_dict["body"]
    if int(response_dict["headers"].get("content-length", len(body))) != len(body):
        customized_response_dict[_TRUNCATED] = True


def _reasons(response: dict[str, Any]) -> list[dict[str, Any]]:
    reasons: list[dict[str, Any]] = response.get("CancellationReasons") or [{}]
    return reasons


def _is_transient(response: dict[str, Any]) -> bool:
    codes = {reason.get("Code") for reason in _reasons(response)} | {response["Error"]["Code"]}
    return (
        _TRUNCATED in response
        or response["ResponseMetadata"]["HTTPStatusCode"] >= 500
        or not codes.isdisjoint(_TRANSIENT_CODES)
        or not codes.isdisjoint(_TRANSIENT_REASONS)
    )


def _is_too_large(response: dict[str, Any]) -> bool:
    # The code is that of every malformed call; only the message tells them apart.
    message = str(response["Error"].get("Message"))
    return response["Error"]["Code"] == "ValidationException" and message.startswith("Item size ")


def _condition_failure(response: dict[str, Any]) -> ConditionFailed | None:
    retried = response.get("ResponseMetadata", {}).get("RetryAttempts", 0) > 0
    match response["Error"]["Code"]:
        case "ConditionalCheckFailedException":
            return ConditionFailed(response.get("Item", {}), retried=retried)
        case "TransactionCanceledException":
            reasons = _reasons(response)
            if {"ConditionalCheckFailed", "TransactionConflict"} & {r.get("Code") for r in reasons}:
                return ConditionFailed(reasons[-1].get("Item", {}), retried=retried)
    return None
