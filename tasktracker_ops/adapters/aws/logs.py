"""Log groups in CloudWatch Logs, and which of them an API writes its access log to."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from tasktracker_ops.errors import ExitCode, TtOpsError

from .session import AwsError, AwsNotFound, AwsSession, aws_errors

_STAGE = "$default"


@dataclass(frozen=True, slots=True)
class LogRecord:
    """An event as CloudWatch keeps it: `timestamp` in epoch milliseconds, `message` untouched.

    The same event has the same `event_id` each time it is read.
    """

    event_id: str
    timestamp: int
    stream: str
    message: str


class LogGroup:
    """One log group, read only."""

    def __init__(self, session: AwsSession, name: str) -> None:
        self._session = session
        self.name = name
        self._ahead_ms: int | None = None

    def now(self) -> int:
        """Return the time in epoch milliseconds by AWS's clock, as of its last answer.

        Asks AWS when called before anything was read. Never later than it really is there.
        """
        if self._ahead_ms is None:
            here = _now_here()
            self._page(logGroupName=self.name, startTime=here, endTime=here, limit=1)
        return _now_here() + (self._ahead_ms or 0)

    def read(
        self,
        *,
        start: int,
        end: int | None = None,
        pattern: str = "",
        streams: Sequence[str] = (),
    ) -> Iterator[LogRecord]:
        """Yield the events between two times in epoch milliseconds, both included, in order.

        `pattern` is a filter pattern of CloudWatch. Raises TtOpsError `filter-invalid` for one it
        does not take, `log-group-missing` where there is no such group.
        Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
        """
        query: dict[str, Any] = {"logGroupName": self.name, "startTime": max(start, 0)}
        if end is not None:
            query["endTime"] = end
        if pattern:
            query["filterPattern"] = pattern
        if streams:
            query["logStreamNames"] = list(streams)
        while True:
            answer = self._page(**query)
            for event in answer.get("events", ()):
                yield _record(event, query["startTime"])
            # A page may be empty and yet not the last.
            if not answer.get("nextToken"):
                return
            query["nextToken"] = answer["nextToken"]

    def _page(self, **query: Any) -> Any:
        try:
            with aws_errors(f"reading the log group {self.name!r}"):
                answer = self._session.client("logs").filter_log_events(**query)
        except AwsNotFound:
            raise TtOpsError(
                "log-group-missing",
                f"there is no log group {self.name!r}",
                hint="have Terraform make it again: tt-ops deploy",
            ) from None
        except AwsError as error:
            pattern = query.get("filterPattern")
            if error.aws_code != "InvalidParameterException" or pattern is None:
                raise
            raise TtOpsError(
                "filter-invalid",
                f"the filter {pattern!r} is not valid for CloudWatch: {error.aws_message}",
                hint="quote terms with other characters than letters and digits: "
                "tt-ops logs --filter '\"timed out\"'",
                exit_code=ExitCode.USAGE,
            ) from None
        self._set_clock(answer)
        return answer

    def _set_clock(self, answer: Any) -> None:
        date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        there = int(parsedate_to_datetime(date).timestamp() * 1000) if date else _now_here()
        self._ahead_ms = there - _now_here()


def access_log_group(session: AwsSession, api_id: str) -> str:
    """Return the name of the log group that the API's stage writes its access log to.

    Raises TtOpsError `access-log-missing` where it writes none, or is not there.
    """
    try:
        with aws_errors(f"reading the stage {_STAGE!r} of the API {api_id!r}"):
            stage = session.client("apigatewayv2").get_stage(ApiId=api_id, StageName=_STAGE)
    except AwsNotFound:
        stage = {}
    arn = stage.get("AccessLogSettings", {}).get("DestinationArn", "")
    # arn:aws:logs:REGION:ACCOUNT:log-group:NAME, and perhaps :*
    _, found, name = arn.partition(":log-group:")
    if not found:
        raise TtOpsError(
            "access-log-missing",
            f"no stage {_STAGE!r} of an API {api_id!r} writes an access log",
            hint="have Terraform set it up again: tt-ops deploy",
        )
    return str(name.removesuffix(":*"))


def _record(event: Mapping[str, Any], start: int) -> LogRecord:
    """Read a FilteredLogEvent, whose members are all optional; `start` stands for a missing time.

    Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilteredLogEvent.html
    """
    at = event.get("timestamp", event.get("ingestionTime"))
    stream, message = event.get("logStreamName", ""), event.get("message", "")
    event_id = event.get("eventId") or f"{at} {stream} {message}"
    return LogRecord(event_id, start if at is None else at, stream, message)


def _now_here() -> int:
    return time.time_ns() // 1_000_000
