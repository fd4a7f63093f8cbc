"""Collapse failures that repeat."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tasktracker_ops.models.log import LogEvent, LogMessage, RepeatedEvent

_TRACEBACK = "Traceback (most recent call last)"
# What differs from one time to the next: ids of requests, and times.
_VARYING = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z|0x[0-9a-f]+"
)


def collapse(
    events: Iterable[LogEvent | LogMessage],
) -> list[LogEvent | LogMessage | RepeatedEvent]:
    """Return the events; each traceback that repeats once, where it was first."""
    result: list[LogEvent | LogMessage | RepeatedEvent] = []
    places: dict[str, int] = {}
    for event in events:
        if not isinstance(event, LogEvent) or _TRACEBACK not in event.message:
            result.append(event)
            continue
        key = _VARYING.sub("", event.message)
        place = places.setdefault(key, len(result))
        if place == len(result):
            result.append(event)
            continue
        first = result[place]
        count = first.count if isinstance(first, RepeatedEvent) else 1
        original = first.event if isinstance(first, RepeatedEvent) else first
        assert isinstance(original, LogEvent)  # nosec B101 # for mypy
        result[place] = RepeatedEvent(original, count + 1, event.at)
    return result
