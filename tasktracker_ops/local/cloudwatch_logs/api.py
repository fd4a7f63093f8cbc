"""CloudWatch Logs in moto: filter patterns, pages, an order, and a bound that moto's own lacks."""

from __future__ import annotations

import base64
import json
from typing import Any

from moto.core.utils import unix_time_millis, utcnow
from moto.logs import models
from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.responses import LogsResponse

from tasktracker_ops.local.cloudwatch_logs.events import (
    PAGE_EVENTS,
    Entry,
    Event,
    Events,
    Key,
    Search,
)
from tasktracker_ops.local.cloudwatch_logs.patterns import compile_pattern
from tasktracker_ops.local.cloudwatch_logs.syntax import InvalidPattern

_MAX_PATTERN = 1024


def install() -> None:
    """Put the operations into moto's own objects."""
    logs: Any = models
    logs.EventMessageFilter = _Filter  # of live tails
    logs.LogStream.put_log_events = _put_log_events
    logs.LogGroup.filter_log_events = _all_events
    # A version of a function is a deep copy, and each function in moto holds all logs.
    logs.LogsBackend.__deepcopy__ = lambda backend, memo: backend
    operations: Any = LogsResponse
    operations.filter_log_events = _filter_log_events


class _Filter:
    def __init__(self, pattern: str) -> None:
        self.matches = _compile(pattern)


def _put_log_events(stream: Any, log_events: list[dict[str, Any]]) -> str:
    """Append to a stream; events have been found valid by moto."""
    group = stream.log_group
    stream.last_ingestion_time = utcnow()
    now = int(unix_time_millis(stream.last_ingestion_time))
    events = [Event(event["timestamp"], now, event["message"]) for event in log_events]
    _events(group).add(stream, events, retention_days=group.retention_in_days)
    stream.stored_bytes += sum(event.size for event in events)
    stream.upload_sequence_token += 1
    for subscription in list(group.subscription_filters.values()):
        _deliver(stream, subscription, events)
    return f"{stream.upload_sequence_token:056d}"


def _deliver(stream: Any, subscription: Any, events: list[Event]) -> None:
    """Send a subscription what its pattern matches; moto takes any pattern for one."""
    try:
        matches = compile_pattern(subscription.filter_pattern or "")
    except InvalidPattern:
        return
    wanted = [
        {"id": event.event_id, "timestamp": event.timestamp, "message": event.message}
        for event in events
        if matches(event.message)
    ]
    if wanted:
        stream._send_log_events(
            service=subscription.destination_arn.split(":")[2],
            destination_arn=subscription.destination_arn,
            filter_name=subscription.name,
            log_events=wanted,
        )


def _filter_log_events(request: Any) -> str:
    """Answer FilterLogEvents.

    Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
    """
    group = _group(request)
    streams = request._get_param("logStreamNames")
    prefix = request._get_param("logStreamNamePrefix") or ""
    if streams and prefix:
        raise InvalidParameterException(
            "Specify either logStreamNames or logStreamNamePrefix, not both."
        )
    if any(stream not in group.streams for stream in streams or ()):
        raise ResourceNotFoundException("The specified log stream does not exist.")
    found, key = _events(group).page(
        Search(
            _compile(request._get_param("filterPattern") or ""),
            start=request._get_param("startTime") or 0,
            end=request._get_param("endTime"),
            streams=set(streams) if streams else None,
            prefix=prefix,
            after=_key_in(request._get_param("nextToken"), group),
            limit=_limit(request._get_param("limit")),
        ),
        retention_days=group.retention_in_days,
    )
    answer: dict[str, Any] = {"events": [_shown(entry) for entry in found]}
    if key is not None:
        answer["nextToken"] = _token(key, group)
    # Since 2020 AWS says nothing about the streams either.
    return json.dumps({**answer, "searchedLogStreams": []})


def _group(request: Any) -> Any:
    name, arn = request._get_param("logGroupName"), request._get_param("logGroupIdentifier")
    if bool(name) == bool(arn):
        raise InvalidParameterException("Specify either logGroupName or logGroupIdentifier.")
    for group in list(request.logs_backend.groups.values()):
        if group.name in (name, arn) or group.arn == str(arn).removesuffix(":*"):
            return group
    raise ResourceNotFoundException


def _all_events(
    group: Any,
    log_group_name: str,
    log_stream_names: list[str],
    start_time: int,
    end_time: int,
    *_: Any,
    **__: Any,
) -> tuple[list[dict[str, Any]], None, list[Any]]:
    """What moto's own exports read: everything in a span of time."""
    found: list[dict[str, Any]] = []
    key: Key | None = None
    while True:
        search = Search(
            lambda message: True,
            start=start_time or 0,
            end=end_time,
            streams=log_stream_names or None,
            after=key,
        )
        page, key = _events(group).page(search, retention_days=group.retention_in_days)
        found += map(_shown, page)
        if key is None:
            return found, None, []


def _events(group: Any) -> Events:
    events: Events = vars(group).setdefault("tt_ops_events", Events())
    return events


def _compile(pattern: str) -> Any:
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


def _limit(limit: int | None) -> int:
    if limit is None:
        return PAGE_EVENTS
    if not 1 <= limit <= PAGE_EVENTS:
        bound = "less than or equal to 10000" if limit > 1 else "greater than or equal to 1"
        raise InvalidParameterException(
            constraint=f"Member must have value {bound}", parameter="limit", value=limit
        )
    return limit


def _shown(entry: Entry) -> dict[str, Any]:
    return {**entry.event.to_filter_dict(), "logStreamName": entry.stream.log_stream_name}


def _token(key: Key, group: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps([group.name, *key]).encode()).decode()


def _key_in(token: str | None, group: Any) -> Key | None:
    if token is None:
        return None
    try:
        name, timestamp, number = json.loads(base64.urlsafe_b64decode(token))
        if name == group.name:
            return Key(int(timestamp), int(number))
    except (ValueError, TypeError):
        pass
    raise InvalidParameterException("The specified nextToken is invalid.")
