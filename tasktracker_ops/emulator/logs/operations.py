"""CloudWatch Logs' operations: filter patterns, pages, one order of time and a size limit."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterable
from typing import Any

from moto.core.utils import utcnow
from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.models import LogsBackend

from .event_store import PAGE_EVENTS, Event, EventStore, Position, Search
from .patterns import InvalidPattern, compile_pattern

_MAX_PATTERN = 1024


def share(backend: LogsBackend, memo: Any) -> LogsBackend:
    """Return the backend itself as its deep copy.

    moto copies a function deeply for each version of it, and each function has all logs in it.
    """
    return backend


def put_log_events(stream: Any, log_events: list[dict[str, Any]]) -> str:
    """Append events that moto has validated to its stream."""
    append(stream, [(event["timestamp"], event["message"]) for event in log_events])
    return f"{stream.upload_sequence_token:056d}"


def append(stream: Any, messages: Iterable[tuple[int, str]]) -> None:
    """Append messages with their times, in epoch milliseconds, to moto's stream."""
    stream.last_ingestion_time = utcnow()
    now = time.time_ns() // 1_000_000
    events = [Event(timestamp, now, message, stream) for timestamp, message in messages]
    _store(stream.log_group).add(events)
    stream.stored_bytes += sum(event.size for event in events)
    stream.upload_sequence_token += 1


def filter_log_events(request: Any) -> str:
    """Answer FilterLogEvents.

    Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
    """
    if request._get_param("logGroupIdentifier") is not None:
        raise NotImplementedError("the parameter logGroupIdentifier")
    group = request.logs_backend.groups.get(request._get_param("logGroupName"))
    if group is None:
        raise ResourceNotFoundException
    found, end = _store(group).page(
        Search(
            _compile(request._get_param("filterPattern") or ""),
            start=request._get_param("startTime") or 0,
            end=request._get_param("endTime"),
            streams=_streams(request, group),
            after=_position_in(request._get_param("nextToken"), group),
            limit=min(request._get_param("limit") or PAGE_EVENTS, PAGE_EVENTS),
        )
    )
    events = [
        {**event.to_filter_dict(), "logStreamName": event.stream.log_stream_name} for event in found
    ]
    # AWS leaves this empty too, since 2020.
    answer: dict[str, Any] = {"events": events, "searchedLogStreams": []}
    if end is not None:
        answer["nextToken"] = _token(end, group)
    return json.dumps(answer)


def _streams(request: Any, group: Any) -> set[str] | None:
    """Return the names of the streams to search, None for all."""
    names = request._get_param("logStreamNames")
    prefix = request._get_param("logStreamNamePrefix")
    if names and prefix:
        raise InvalidParameterException(
            "logStreamNames and logStreamNamePrefix cannot both be specified."
        )
    if any(name not in group.streams for name in names or ()):
        raise ResourceNotFoundException("The specified log stream does not exist.")
    if prefix:
        return {name for name in list(group.streams) if name.startswith(prefix)}
    return set(names) if names else None


def _store(group: Any) -> EventStore:
    store: EventStore | None = vars(group).get("tt_ops_events")
    return store or vars(group).setdefault("tt_ops_events", EventStore())


def _compile(pattern: str) -> Callable[[str], bool]:
    if len(pattern) > _MAX_PATTERN:
        raise InvalidParameterException(
            constraint=f"Member must have length less than or equal to {_MAX_PATTERN}",
            parameter="filterPattern",
            value=pattern,
        )
    try:
        return compile_pattern(pattern)
    except InvalidPattern as error:
        raise InvalidParameterException(str(error)) from None


def _token(end: Position, group: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps([group.name, *end]).encode()).decode()


def _position_in(token: str | None, group: Any) -> Position | None:
    if token is None:
        return None
    try:
        name, timestamp, number = json.loads(base64.urlsafe_b64decode(token))
        if name == group.name:
            return Position(int(timestamp), int(number))
    except (ValueError, TypeError):
        pass
    raise InvalidParameterException("The specified nextToken is invalid.")
