"""Calls to DynamoDB that end in time, and what its errors mean."""

import os
import time
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.parsers import ResponseParserError

from items import Item
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
_BUSY = {  # the 4xx answers of DynamoDB that a later attempt may not get
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
}
_CUT_OFF = "cut off"  # added to what the SDK returns
_BUSY_REASONS = {"ProvisionedThroughputExceeded", "ThrottlingError"}  # of a cancelled transaction


class Refused(Exception):
    """A condition was not met: by ``item``, or because there is none."""

    def __init__(self, item: Item, *, repeated: bool) -> None:
        """Note whether an attempt before may have been written, and its answer lost."""
        self.item = item
        self.repeated = repeated


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
        """Call DynamoDB; its answers that no request can cause are raised as they are.

        Raises ``Refused``, ``TaskTooLarge``, or ``Unavailable`` when it throttles, fails, is away,
        or would have to be asked so late that the function might not answer in time.
        """
        if time.monotonic() + _CALL + _ANSWER > self._deadline:
            raise Unavailable
        if operation != "transact_write_items":
            arguments["TableName"] = self.name
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(**arguments)
        except ClientError as error:
            refused = _refused(error.response)
            if refused:
                raise refused from error
            if _is_busy(error.response):
                raise Unavailable from error
            if _is_too_large(error.response):
                raise TaskTooLarge from error
            raise
        except (NoConnectionError, HTTPClientError, ResponseParserError) as error:
            raise Unavailable from error
        if _CUT_OFF in answer:
            raise Unavailable
        return answer


@cache
def client() -> Any:
    """Return the client of this process, made on first use."""
    # Not boto3: its session alone costs a tenth of a cold start, and only its core is needed here.
    made = botocore.session.get_session().create_client("dynamodb", config=_CONFIG)
    made.meta.events.register("before-parse.dynamodb", _note_cut_off)
    return made


def connect(deadline: float) -> Table:
    """Return the table named by ``TASKS_TABLE_NAME``."""
    return Table(client(), os.environ["TASKS_TABLE_NAME"], deadline)


def _note_cut_off(
    response_dict: dict[str, Any], customized_response_dict: dict[str, object], **_: object
) -> None:
    # The SDK takes a body that it cannot parse for an empty answer: there would be no such task.
    body = response_dict["body"]
    if int(response_dict["headers"].get("content-length", len(body))) != len(body):
        customized_response_dict[_CUT_OFF] = True


def _reasons(response: dict[str, Any]) -> list[dict[str, Any]]:
    reasons: list[dict[str, Any]] = response.get("CancellationReasons") or [{}]
    return reasons


def _is_busy(response: dict[str, Any]) -> bool:
    codes = {reason.get("Code") for reason in _reasons(response)} | {response["Error"]["Code"]}
    return (
        _CUT_OFF in response
        or response["ResponseMetadata"]["HTTPStatusCode"] >= 500
        or not codes.isdisjoint(_BUSY)
        or not codes.isdisjoint(_BUSY_REASONS)
    )


def _is_too_large(response: dict[str, Any]) -> bool:
    # Its code is that of every malformed call; only the message tells.
    message = str(response["Error"].get("Message"))
    return response["Error"]["Code"] == "ValidationException" and message.startswith("Item size ")


def _refused(response: dict[str, Any]) -> Refused | None:
    repeated = response.get("ResponseMetadata", {}).get("RetryAttempts", 0) > 0
    match response["Error"]["Code"]:
        case "ConditionalCheckFailedException":
            return Refused(response.get("Item", {}), repeated=repeated)
        case "TransactionCanceledException":
            reasons = _reasons(response)
            if {"ConditionalCheckFailed", "TransactionConflict"} & {r.get("Code") for r in reasons}:
                return Refused(reasons[-1].get("Item", {}), repeated=repeated)
    return None
