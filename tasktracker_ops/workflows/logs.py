"""Read the log of the function, or the access log of its API."""

from __future__ import annotations

import heapq
import json
import re
import shlex
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from tasktracker_ops.errors import ExitCode, TtOpsError
from tasktracker_ops.models.log import LogEvent, LogMessage, RepeatedEvent
from tasktracker_ops.models.times import timestamp

from .log_groups import LogPart, LogParts
from .log_requests import is_request_id, request_events
from .log_tail import LogTail

if TYPE_CHECKING:
    from tasktracker_ops.adapters.aws.logs import LogRecord
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
_TRACEBACK = "Traceback (most recent call last)"
# What differs from one time to the next: ids of requests, and times.
_VARYING = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z|0x[0-9a-f]+"
)
# Where no moment is given: seconds, and longer and longer ones where too few events are found.
_DEFAULT_SINCE = 600.0
_WIDER = (_DEFAULT_SINCE, 6 * 3600.0, 7 * 86400.0)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Selects the events between two moments that match all the rest.

    A moment is a datetime, or a number of seconds ago. With `newest`, only so many events are
    shown, and without `since` they are looked for in up to a week. `every` reads both logs, and
    `collapsed` shows a traceback that repeats once.
    """

    since: float | datetime | None = None
    until: float | datetime | None = None
    newest: int | None = None
    follow: bool = False
    pattern: str = ""
    errors: bool = False
    request_id: str | None = None
    message_only: bool = False
    api: bool = False
    every: bool = False
    release: int | None = None
    local_time: bool = False
    collapsed: bool = False


def logs(
    app: App, query: LogQuery, *, sleep: Callable[[float], None] = time.sleep
) -> Iterator[LogEvent | LogMessage | RepeatedEvent]:
    """Yield the events in the order of time, as they come; without end when following.

    Lambda's own START, END and REPORT lines are left out, except in JSON, with --verbose, or when
    the query has a pattern or a request id. `sleep` is called between two reads when following, and
    may raise to end it.
    """
    _require_valid(query)
    log = _log(app, query)
    if query.follow:
        records = _follow(app, log, query, sleep)
    elif query.newest is None:
        records = _events(app, log, query, query.since)
    else:
        records = iter(_newest(app, log, query))
    if query.message_only:
        return (LogMessage(record.message) for record in records)
    events = (_event(record, query) for record in records)
    return iter(_collapse(events)) if query.collapsed and not query.follow else events


def _require_valid(query: LogQuery) -> None:
    """Raise TtOpsError `usage` for what excludes each other, or is no request id."""

    def refuse(message: str, hint: str) -> NoReturn:
        raise TtOpsError("usage", message, hint=hint, exit_code=ExitCode.USAGE)

    if query.follow and query.request_id:
        refuse(
            "a request cannot be followed: --follow and --request-id exclude each other",
            "show the request as far as it is: "
            f"tt-ops logs --request-id {shlex.quote(query.request_id)}",
        )
    if query.follow and query.until is not None:
        refuse(
            "what is followed has no end: --follow and --until exclude each other",
            "follow it: tt-ops logs --follow",
        )
    if (query.api or query.every) and query.release is not None:
        refuse(
            "the API's access log has no releases: "
            f"{'--api' if query.api else '--all'} and --release exclude each other",
            f"show what the release logged: tt-ops logs --release {query.release}",
        )
    if query.request_id is not None and not is_request_id(query.request_id):
        refuse(
            f"{query.request_id!r} is not a request id, nor the first 8 characters of one",
            "see the ids: tt-ops --output json logs",
        )


def _log(app: App, query: LogQuery) -> LogParts:
    """Return what to read; CloudWatch takes one pattern, and the user's takes precedence."""
    deployment = app.deployments.get()
    own = query.errors and not query.pattern
    failures, api_failures = (_FAILURES, _API_FAILURES) if own else (query.pattern, query.pattern)
    parts = []
    if not query.api:
        parts.append(LogPart(app.log_group(deployment.log_group, query.release), failures))
    if query.api or query.every:
        parts.append(LogPart(app.access_log(deployment), api_failures, is_access_log=True))
    return LogParts(parts)


def _follow(
    app: App, log: LogParts, query: LogQuery, sleep: Callable[[float], None]
) -> Iterator[LogRecord]:
    """Yield what comes, and before it what a query without `follow` would show."""
    start = _epoch_ms(_DEFAULT_SINCE if query.since is None else query.since, log.now())
    if query.newest is not None:
        first = next(iter(_newest(app, log, query)), None)
        start = log.now() if first is None else first.timestamp
    for record in LogTail(log, note=app.report.note, sleep=sleep).follow(start):
        if _matches(app, record, query):
            yield record


def _newest(app: App, log: LogParts, query: LogQuery) -> Iterable[LogRecord]:
    """Return the newest events, of longer and longer times until there are enough."""
    found: deque[LogRecord] = deque(maxlen=query.newest)
    for since in _WIDER if query.since is None else (query.since,):
        found.clear()
        found.extend(_events(app, log, query, since))
        if len(found) == query.newest:
            break
    return found


def _events(
    app: App, log: LogParts, query: LogQuery, since: float | datetime | None
) -> Iterator[LogRecord]:
    """Yield the events since a moment that match the query."""
    now = log.now()
    start = _epoch_ms(_DEFAULT_SINCE if since is None else since, now)
    end = None if query.until is None else _epoch_ms(query.until, now)
    if end is not None and start >= end:
        raise TtOpsError(
            "usage",
            f"there is no time from --since {_at(start, query)} to --until {_at(end, query)}",
            hint="see what both take: tt-ops logs --help",
            exit_code=ExitCode.USAGE,
        )
    if query.request_id is None:
        records = log.read(start=start, end=end)
    else:
        found = [
            request_events(part, query.request_id, start=start, until=end, pattern=query.pattern)
            for part in log.parts
        ]
        records = heapq.merge(*found, key=lambda record: record.timestamp)
    return (record for record in records if _matches(app, record, query))


def _epoch_ms(moment: float | datetime, now: int) -> int:
    """Return a moment in epoch milliseconds; `now` is the time of AWS's clock."""
    if isinstance(moment, datetime):
        return round(moment.timestamp() * 1000)
    return now - round(moment * 1000)


def _matches(app: App, record: LogRecord, query: LogQuery) -> bool:
    event = _event(record, query)
    if query.errors and not is_failure(event):
        return False
    return query.message_only or _wants_all(app, query) or not event.is_from_lambda


def _wants_all(app: App, query: LogQuery) -> bool:
    settings = app.settings
    special = query.pattern or query.errors or query.request_id
    return bool(special) or settings.verbose or settings.output == "json"


def _event(record: LogRecord, query: LogQuery) -> LogEvent:
    return LogEvent(
        _at(record.timestamp, query), record.stream, record.message, _fields(record.message)
    )


def _at(epoch_ms: int, query: LogQuery) -> str:
    at = _EPOCH + timedelta(milliseconds=epoch_ms)
    return at.astimezone().isoformat(timespec="milliseconds") if query.local_time else timestamp(at)


def _fields(message: str) -> dict[str, Any] | None:
    if not message.startswith("{"):
        return None
    try:
        fields = json.loads(message)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def is_failure(event: LogEvent) -> bool:
    """Return whether an event reports a failure of the function, or of a request."""
    if event.fields is None:
        return _FAILED.match(event.message) is not None
    status = str(event.fields.get("status", ""))
    level = str(event.fields.get("level", ""))
    return level in _FAILED_LEVELS or re.fullmatch(r"5\d\d", status) is not None


def _collapse(events: Iterable[LogEvent]) -> list[LogEvent | RepeatedEvent]:
    """Return the events; each traceback that repeats once, where it was first."""
    groups: dict[str | int, list[LogEvent]] = {}
    for number, event in enumerate(events):
        is_traceback = _TRACEBACK in event.message
        key = _VARYING.sub("", event.message) if is_traceback else number
        groups.setdefault(key, []).append(event)
    return [
        group[0] if len(group) == 1 else RepeatedEvent(group[0], len(group), group[-1].at)
        for group in groups.values()
    ]
