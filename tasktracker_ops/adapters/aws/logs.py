"""Log groups in CloudWatch Logs, and the one with an API's access log."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from tasktracker_ops.errors import ExitCode, TtOpsError

from .session import AwsError, AwsNotFound, AwsSession, aws_errors

_STAGE = "$default"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A log event: `timestamp` in epoch milliseconds, `message` unchanged.

    An event has the same `event_id` each time it is read.
    """

    event_id: str
    timestamp: int
    stream: str
    message: str


class LogGroup:
    """One log group, for reading; with a `release`, what that version of the function wrote."""

    def __init__(self, session: AwsSession, name: str, release: int | None = None) -> None:
        self._session = session
        self.name = name
        self._release = release
        self._offset_ms: int | None = None

    def now(self) -> int:
        """Return the time of AWS's clock in epoch milliseconds, never a later one.

        The offset is that of the last response; without one, a request is sent.
        """
        if self._offset_ms is None:
            now = _local_now()
            self._page(logGroupName=self.name, startTime=now, endTime=now, limit=1)
        return _local_now() + (self._offset_ms or 0)

    def read(
        self,
        *,
        start: int,
        end: int | None = None,
        pattern: str = "",
        streams: Sequence[str] = (),
    ) -> Iterator[LogRecord]:
        """Yield the events between two times in epoch milliseconds, both included, in order.

        `pattern` is a filter pattern of CloudWatch. Raises TtOpsError `filter-invalid` for an
        invalid one, `log-group-missing` without such a group.
        Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
        """
        if self._release is None or streams:
            return self._pages(start, end, pattern, logStreamNames=list(streams))
        prefixes = self._prefixes(start, self.now() if end is None else end)
        days = [self._pages(start, end, pattern, logStreamNamePrefix=each) for each in prefixes]
        return heapq.merge(*days, key=lambda record: record.timestamp)

    def _prefixes(self, start: int, end: int) -> Iterator[str]:
        """Yield what the names of the release's streams begin with, day by day.

        A stream has the day on which its execution environment was started, which lasts for hours.
        Source: https://docs.aws.amazon.com/lambda/latest/operatorguide/log-structure.html
        """
        day = _utc(start) - _DAY
        while day.date() <= _utc(end).date():
            yield f"{day:%Y/%m/%d}/[{self._release}]"
            day += _DAY

    def _pages(
        self, start: int, end: int | None, pattern: str, **streams: str | list[str]
    ) -> Iterator[LogRecord]:
        options = {"endTime": end, "filterPattern": pattern or None}
        query: dict[str, Any] = {"logGroupName": self.name, "startTime": max(start, 0)}
        query |= {name: value for name, value in options.items() if value is not None}
        query |= {name: value for name, value in streams.items() if value}
        while True:
            answer = self._page(**query)
            for event in answer.get("events", ()):
                yield _record(event, query["startTime"])
            # An empty page is not necessarily the last.
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
                hint="create it again: tt-ops deploy",
            ) from None
        except AwsError as error:
            pattern = query.get("filterPattern")
            if error.aws_code != "InvalidParameterException" or pattern is None:
                raise
            raise TtOpsError(
                "filter-invalid",
                f"the filter {pattern!r} is not valid for CloudWatch: {error.aws_message}",
                hint="quote terms that have characters other than letters and digits: "
                "tt-ops logs --filter '\"timed out\"'",
                exit_code=ExitCode.USAGE,
            ) from None
        self._set_clock(answer)
        return answer

    def _set_clock(self, answer: Any) -> None:
        date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        remote = int(parsedate_to_datetime(date).timestamp() * 1000) if date else _local_now()
        self._offset_ms = remote - _local_now()


def access_log_group(session: AwsSession, api_id: str) -> str:
    """Return the name of the log group with the access log of the API's stage.

    Raises TtOpsError `access-log-missing` without such a log or stage.
    """
    try:
        with aws_errors(f"reading the stage {_STAGE!r} of the API {api_id!r}"):
            stage = session.client("apigatewayv2").get_stage(ApiId=api_id, StageName=_STAGE)
    except AwsNotFound:
        stage = {}
    arn = stage.get("AccessLogSettings", {}).get("DestinationArn", "")
    # arn:aws:logs:REGION:ACCOUNT:log-group:NAME, with or without :* at its end
    _, separator, name = arn.partition(":log-group:")
    if not separator:
        raise TtOpsError(
            "access-log-missing",
            f"the stage {_STAGE!r} of the API {api_id!r} does not exist or writes no access log",
            hint="create it again: tt-ops deploy",
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


def _utc(epoch_ms: int) -> datetime:
    return datetime.fromtimestamp(max(epoch_ms, 0) / 1000, UTC)


def _local_now() -> int:
    return time.time_ns() // 1_000_000
