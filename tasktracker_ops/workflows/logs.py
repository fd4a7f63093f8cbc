"""Read the logs of the function, or of its API."""

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
from tasktracker_ops.models.status import timestamp

from .log_tail import Tail

if TYPE_CHECKING:
    from tasktracker_ops.adapters.aws.logs import LogGroup, LogRecord
    from tasktracker_ops.app import App

# Everything that `_failed` may hold for is among what these find, so that AWS does most of the
# work; a status is written with a space before it, or without.
_FAILURES = '?ERROR ?CRITICAL ?FATAL ?Traceback ?"timed out" ?"Status: " ?"Error: " ?": 5" ?":5"'
_API_FAILURES = '{ $.status = "5*" }'
# Lambda's own words for a failure, and those of its Python runtime.
_FAILED = re.compile(
    r"\[(?:ERROR|CRITICAL)\]|Traceback \(most recent call last\)|RequestId: \S+ Error: "
    r"|\S+ \S+ Task timed out after|REPORT .*\tStatus: (?:error|timeout|failure)\b",
    re.S,
)
_FAILED_LEVELS = {"ERROR", "CRITICAL", "FATAL"}
# Lambda's ids, or as much of one as is shown, and API Gateway's.
_LAMBDA_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f-]{0,27})?")
_API_ID = re.compile(r"[\w=+/-]{12,}", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Which events: those of the last `since` seconds that everything given holds for."""

    since: float
    follow: bool = False
    pattern: str = ""
    errors: bool = False
    request_id: str | None = None
    message_only: bool = False
    api: bool = False


def logs(app: App, query: LogQuery) -> Iterator[LogEvent | LogMessage]:
    """Yield the events in the order of time, as they come; without end when followed.

    Lambda's START, END and REPORT are left out where people read and asked for nothing special.
    """
    if query.follow and query.request_id:
        raise TtOpsError(
            "usage",
            "a request is over too soon to be followed",
            hint="show it, complete or as far as it is: "
            f"tt-ops logs --request-id {shlex.quote(query.request_id)}",
            exit_code=ExitCode.USAGE,
        )
    if query.request_id is not None and not _is_id(query.request_id):
        raise TtOpsError(
            "usage",
            f"{query.request_id!r} is no request id, nor the 8 characters that are shown of one",
            hint="see the ids: tt-ops --output json logs",
            exit_code=ExitCode.USAGE,
        )
    deployment = app.deployments.get()
    group = app.access_log(deployment) if query.api else app.log_group(deployment.log_group)
    start = group.now() - round(query.since * 1000)
    for record in _selected(app, group, query, start):
        event = _event(record)
        if query.errors and not _failed(event):
            continue
        if query.message_only:
            yield LogMessage(event.message)
        elif _wants_all(app, query) or not event.is_from_lambda:
            yield event


def _selected(app: App, group: LogGroup, query: LogQuery, start: int) -> Iterable[LogRecord]:
    """Read what CloudWatch finds; it takes one pattern, and the user's goes before ours."""
    if query.request_id:
        return _request(group, query, query.request_id, start)
    pattern = query.pattern
    if query.errors and not pattern:
        pattern = _API_FAILURES if query.api else _FAILURES
    if query.follow:
        return Tail(group, pattern, note=app.report.note).follow(start)
    return group.read(start=start, pattern=pattern)


def _request(group: LogGroup, query: LogQuery, request_id: str, start: int) -> list[LogRecord]:
    """Return all events of a request, also those that do not name it, in order."""
    quoted = json.dumps(request_id, ensure_ascii=False)
    named = _naming(request_id)
    naming = [r for r in group.read(start=start, pattern=quoted) if named.search(r.message)]
    found: list[LogRecord] = []
    for stream in dict.fromkeys(record.stream for record in naming):
        times = [record.timestamp for record in naming if record.stream == stream]
        ended = any(
            record.stream == stream and record.message.startswith("REPORT ") for record in naming
        )
        records = group.read(
            start=times[0], end=times[-1] if query.api or ended else None, streams=[stream]
        )
        found += _cut(records, named)
    if found and query.pattern:
        first, last = (pick(record.timestamp for record in found) for pick in (min, max))
        matching = group.read(start=first, end=last, pattern=query.pattern)
        ids = {record.event_id for record in matching}
        found = [record for record in found if record.event_id in ids]
    return sorted(found, key=lambda record: record.timestamp)


def _is_id(text: str) -> bool:
    return any(form.fullmatch(text) for form in (_LAMBDA_ID, _API_ID))


def _naming(request_id: str) -> re.Pattern[str]:
    """Match the id as a word; of Lambda's ids, the beginning is enough."""
    end = "" if _LAMBDA_ID.fullmatch(request_id) else r"(?![\w=+/-])"
    return re.compile(rf"(?<![\w=+/-]){re.escape(request_id)}{end}")


def _cut(records: Iterable[LogRecord], named: re.Pattern[str]) -> Iterator[LogRecord]:
    """Yield what names the request, or is between its START and REPORT: one runs at a time."""
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
