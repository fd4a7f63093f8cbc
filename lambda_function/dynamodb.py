"""Calls to DynamoDB that end within the request's deadline, and the meaning of its errors."""

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
_ANSWER = 0.5  # left for the answer after the last call

_CONFIG = Config(
    connect_timeout=_CONNECT,
    read_timeout=_READ,
    retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
    parameter_validation=False,  # a tenth of a call's time; all arguments are written here
)
_TRANSIENT_CODES = {  # the 4xx answers of DynamoDB that a later attempt may not get
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
}
_TRUNCATED = "truncated"  # added to what the SDK returns
# Of a cancelled transaction.
_TRANSIENT_REASONS = {"ProvisionedThroughputExceeded", "ThrottlingError"}


Item = dict[str, dict[str, Any]]  # as DynamoDB stores it: ``{"title": {"S": "…"}, …}``


class ConditionFailed(Exception):
    """A condition was not met by ``item``, or because there is none: ``{}``."""

    def __init__(self, item: Item, *, retried: bool) -> None:
        """Note whether the SDK has tried before, so that its first attempt may be written."""
        self.item = item
        self.retried = retried


class Table:
    """One table, as one request uses it."""

    def __init__(self, client: Any, name: str, deadline: float) -> None:
        """Take a low-level client (``Any``: botocore makes its methods at run time) and a name.

        ``deadline`` is a time of ``time.monotonic`` by which the request has to be answered.
        """
        self.name = name
        self._client = client
        self._deadline = deadline

    def call(self, operation: str, **arguments: object) -> dict[str, Any]:
        """Call DynamoDB and return its answer; raise errors that no request can cause as they are.

        Raises ``ConditionFailed``, ``TaskTooLarge``, or ``Unavailable`` when DynamoDB throttles,
        fails or is away, or when so little time is left that the function might not answer in time.
        """
        if time.monotonic() + _CALL + _ANSWER > self._deadline:
            raise Unavailable
        if operation != "transact_write_items":
            arguments["TableName"] = self.name
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(**arguments)
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
        if _TRUNCATED in answer:
            raise Unavailable
        return answer


@cache
def client() -> Any:
    """Return the client of this process, made on first use."""
    # Not boto3: its session alone costs a tenth of a cold start, and only its core is needed here.
    made = botocore.session.get_session().create_client("dynamodb", config=_CONFIG)
    made.meta.events.register("before-parse.dynamodb", _mark_truncated)
    return made


def connect(deadline: float) -> Table:
    """Return the table named by ``TASKS_TABLE_NAME``."""
    return Table(client(), os.environ["TASKS_TABLE_NAME"], deadline)


def _mark_truncated(
    response_dict: dict[str, Any], customized_response_dict: dict[str, object], **_: object
) -> None:
    # The SDK takes a body that it cannot parse for an empty answer: there would be no such task.
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
    # Its code is that of every malformed call; only the message tells.
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
