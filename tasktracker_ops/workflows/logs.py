"""Read the log of the function, or the access log of its API."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tasktracker_ops.errors import ExitCode, TtOpsError
from tasktracker_ops.models.log import LogEvent, LogMessage
from tasktracker_ops.models.times import timestamp

from .log_tail import LogTail

if TYPE_CHECKING:
    from tasktracker_ops.adapters.aws.logs import LogGroup, LogRecord
    from tasktracker_ops.app import App

# These match everything that `_failed` may match, so that AWS does most of the work; a status is
# written with a space before it, or without.
_FAILURES = '?ERROR ?CRITICAL ?FATAL ?Traceback ?"timed out" ?"Status: " ?"Error: " ?": 5" ?":5"'
_API_FAILURES = '{ $.status = "5*" }'
# How Lambda and its Python runtime report a failure.
_FAILED = re.compile(
    r"\[(?:ERROR|CRITICAL)\]|Traceback \(most recent call last\)|RequestId: \S+ Error: "
    r"|\S+ \S+ Task timed out after|REPORT .*\tStatus: (?:error|timeout|failure)\b",
    re.S,
)
_FAILED_LEVELS = {"ERROR", "CRITICAL", "FATAL"}
# A request id of Lambda, or the part of it that is shown, and one of API Gateway.
_LAMBDA_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f-]{0,27})?")
_API_ID = re.compile(r"[\w=+/-]{12,}", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Selects the events of the last `since` seconds that match all the rest."""

    since: float
    follow: bool = False
    pattern: str = ""
    errors: bool = False
    request_id: str | None = None
    message_only: bool = False
    api: bool = False
    release: int | None = None


def logs(app: App, query: LogQuery) -> Iterator[LogEvent | LogMessage]:
    """Yield the events in the order of time, as they come; without end when following.

    Lambda's own START, END and REPORT lines are left out, except in JSON, with --verbose, or when
    the query has a pattern or a request id.
    """
    if query.follow and query.request_id:
        raise TtOpsError(
            "usage",
            "a request cannot be followed: --follow and --request-id exclude each other",
            hint="show the request as far as it is: "
            f"tt-ops logs --request-id {shlex.quote(query.request_id)}",
            exit_code=ExitCode.USAGE,
        )
    if query.api and query.release is not None:
        raise TtOpsError(
            "usage",
            "the API's access log has no releases: --api and --release exclude each other",
            hint=f"show what the release logged: tt-ops logs --release {query.release}",
            exit_code=ExitCode.USAGE,
        )
    if query.request_id is not None and not _is_id(query.request_id):
        raise TtOpsError(
            "usage",
            f"{query.request_id!r} is not a request id, nor the first 8 characters of one",
            hint="see the ids: tt-ops --output json logs",
            exit_code=ExitCode.USAGE,
        )
    group = _group(app, query)
    start = group.now() - round(query.since * 1000)
    for record in _selected(app, group, query, start):
        event = _event(record)
        if query.errors and not _failed(event):
            continue
        if query.message_only:
            yield LogMessage(event.message)
        elif _wants_all(app, query) or not event.is_from_lambda:
            yield event


def _group(app: App, query: LogQuery) -> LogGroup:
    deployment = app.deployments.get()
    if query.api:
        return app.access_log(deployment)
    if query.release is not None:
        return app.release_log(deployment.log_group, query.release)
    return app.log_group(deployment.log_group)


def _selected(app: App, group: LogGroup, query: LogQuery, start: int) -> Iterable[LogRecord]:
    """Read what CloudWatch finds; it takes one pattern, and the user's takes precedence."""
    if query.request_id:
        return _request(group, query, query.request_id, start)
    pattern = query.pattern
    if query.errors and not pattern:
        pattern = _API_FAILURES if query.api else _FAILURES
    if query.follow:
        return LogTail(group, pattern, note=app.report.note).follow(start)
    return group.read(start=start, pattern=pattern)


def _request(group: LogGroup, query: LogQuery, request_id: str, start: int) -> list[LogRecord]:
    """Return all events of a request in order, also those without its id."""
    quoted = json.dumps(request_id, ensure_ascii=False)
    named = _naming(request_id)
    naming = [r for r in group.read(start=start, pattern=quoted) if named.search(r.message)]
    records: list[LogRecord] = []
    for stream in dict.fromkeys(record.stream for record in naming):
        times = [record.timestamp for record in naming if record.stream == stream]
        ended = any(
            record.stream == stream and record.message.startswith("REPORT ") for record in naming
        )
        end = times[-1] if query.api or ended else None
        records += _cut(group.read(start=times[0], end=end, streams=[stream]), named)
    if records and query.pattern:
        times = [record.timestamp for record in records]
        matching = group.read(start=min(times), end=max(times), pattern=query.pattern)
        ids = {record.event_id for record in matching}
        records = [record for record in records if record.event_id in ids]
    return sorted(records, key=lambda record: record.timestamp)


def _is_id(text: str) -> bool:
    return any(form.fullmatch(text) for form in (_LAMBDA_ID, _API_ID))


def _naming(request_id: str) -> re.Pattern[str]:
    """Match the id as a word; the beginning of a Lambda id is enough."""
    end = "" if _LAMBDA_ID.fullmatch(request_id) else r"(?![\w=+/-])"
    return re.compile(rf"(?<![\w=+/-]){re.escape(request_id)}{end}")


def _cut(records: Iterable[LogRecord], named: re.Pattern[str]) -> Iterator[LogRecord]:
    """Yield what has the id, or is between its START and REPORT: a stream runs one at a time."""
    inside = False
    for record in records:
        names_it = named.search(record.message) is not None
        inside |= names_it and record.message.startswith("START ")
        if inside or names_it:
            yield record
        inside &= not (names_it and record.message.startswith("REPORT "))


def _wants_all(app: App, query: LogQuery) -> bool:
    settings = app.settings
    special = query.pattern or query.errors or query.request_id
    return bool(special) or settings.verbose or settings.output == "json"


def _event(record: LogRecord) -> LogEvent:
    at = timestamp(_EPOCH + timedelta(milliseconds=record.timestamp))
    return LogEvent(at, record.stream, record.message, _fields(record.message))


def _fields(message: str) -> dict[str, Any] | None:
    if not message.startswith("{"):
        return None
    try:
        fields = json.loads(message)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _failed(event: LogEvent) -> bool:
    if event.fields is None:
        return _FAILED.match(event.message) is not None
    status = str(event.fields.get("status", ""))
    level = str(event.fields.get("level", ""))
    return level in _FAILED_LEVELS or re.fullmatch(r"5\d\d", status) is not None
