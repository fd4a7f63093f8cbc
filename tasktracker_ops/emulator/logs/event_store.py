"""The events of a log group in order of time, bounded in number and size."""

from __future__ import annotations

import itertools
import math
import threading
import time
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple

_MAX_EVENTS = 100_000
_MAX_BYTES = 64 * 1024 * 1024
PAGE_EVENTS = 10_000
PAGE_BYTES = 1024 * 1024
# What CloudWatch adds to the size of each message.
_OVERHEAD_BYTES = 26
# Dropping takes a pass over all, so a tenth goes at once.
_DROPPED_SHARE = 0.1
# Above those of earlier processes, whose events a snapshot brings back.
_numbers = itertools.count(time.time_ns())


class Position(NamedTuple):
    """A place in the order of events: by time, then in the order of arrival."""

    timestamp: int
    number: int


@dataclass(eq=False, slots=True)
class Event:
    """A log event with the attributes moto reads; times are in epoch milliseconds.

    `stream` is moto's. One object for each, since the collector of garbage looks at all of them.
    """

    timestamp: int
    ingestion_time: int
    message: str
    stream: Any = field(repr=False)
    number: int = field(default_factory=_numbers.__next__)

    @property
    def position(self) -> Position:
        """Return its place in the order of events."""
        return Position(self.timestamp, self.number)

    @property
    def event_id(self) -> str:
        """Return an id of the length that CloudWatch's have."""
        return f"{self.number:056d}"

    @property
    def size(self) -> int:
        """Return its bytes as CloudWatch counts them."""
        text = self.message
        size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
        return size + _OVERHEAD_BYTES

    def to_response_dict(self) -> dict[str, Any]:
        """Return the event as GetLogEvents answers it."""
        return {
            "ingestionTime": self.ingestion_time,
            "message": self.message,
            "timestamp": self.timestamp,
        }

    def to_filter_dict(self) -> dict[str, Any]:
        """Return the event as FilterLogEvents answers it, without its stream."""
        return {**self.to_response_dict(), "eventId": self.event_id}


@dataclass(frozen=True)
class Search:
    """A search of FilterLogEvents: both times are inclusive, in epoch milliseconds."""

    matches: Callable[[str], bool]
    start: int = 0
    end: int | None = None
    streams: Collection[str] | None = None
    after: Position | None = None
    limit: int = PAGE_EVENTS


class Columns(NamedTuple):
    """All events of a store, in order, as a snapshot has them; `places` are those in `streams`."""

    streams: list[Any]
    places: list[int]
    timestamps: list[int]
    ingestion_times: list[int]
    messages: list[str]
    numbers: list[int]


_timestamp: Callable[[Event], int] = attrgetter("timestamp")
_position: Callable[[Event], Position] = attrgetter("position")


class EventStore:
    """The newest events of one group; safe to use from many threads."""

    def __init__(self, *, max_events: int = _MAX_EVENTS, max_bytes: int = _MAX_BYTES) -> None:
        self._events: list[Event] = []
        self._bytes = 0
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._lock = threading.Lock()

    def add(self, events: Iterable[Event]) -> None:
        """Append to the streams; the oldest events of the group make room when it is full."""
        with self._lock:
            for event in events:
                if self._events and event.position < self._events[-1].position:
                    insort(self._events, event, key=_position)
                else:  # nearly always
                    self._events.append(event)
                event.stream.events.append(event)
                self._bytes += event.size
            while len(self._events) > self._max_events or self._bytes > self._max_bytes:
                self._drop_oldest()

    def page(self, search: Search) -> tuple[list[Event], Position | None]:
        """Return events in order, and where the next page starts.

        As on AWS a page that is not full, or even empty, need not be the last: each covers no
        more than PAGE_EVENTS events.
        """
        with self._lock:
            events = self._events
            low = bisect_left(events, search.start, key=_timestamp)
            if search.after is not None:
                low = max(low, bisect_right(events, search.after, key=_position))
            high = len(events)
            if search.end is not None:
                high = bisect_right(events, search.end, key=_timestamp)
            covered = events[low : min(high, low + PAGE_EVENTS)]
            more = low + PAGE_EVENTS < high
        found: list[Event] = []
        size = 0
        for event in covered:
            if not (_is_in(event.stream, search.streams) and search.matches(event.message)):
                continue
            size += event.size
            if len(found) == search.limit or (found and size > PAGE_BYTES):
                return found, found[-1].position
            found.append(event)
        return found, covered[-1].position if more else None

    def columns(self) -> Columns:
        """Return the events, which nothing may change meanwhile."""
        streams = {id(event.stream): event.stream for event in self._events}
        places = {each: place for place, each in enumerate(streams)}
        return Columns(
            list(streams.values()),
            [places[id(event.stream)] for event in self._events],
            [event.timestamp for event in self._events],
            [event.ingestion_time for event in self._events],
            [event.message for event in self._events],
            [event.number for event in self._events],
        )

    def refill(self, columns: Columns) -> None:
        """Put events of a snapshot into the store and their streams, which are both empty."""
        streams, *values = columns
        self._events = [
            Event(timestamp, arrival, message, streams[place], number)
            for place, timestamp, arrival, message, number in zip(*values, strict=True)
        ]
        self._bytes = sum(event.size for event in self._events)
        for event in sorted(self._events, key=lambda event: event.number):
            vars(event.stream).setdefault("events", []).append(event)

    def _drop_oldest(self) -> None:
        count = math.ceil(len(self._events) * _DROPPED_SHARE)
        dropped, self._events = self._events[:count], self._events[count:]
        self._bytes -= sum(event.size for event in dropped)
        numbers = {event.number for event in dropped}
        for stream in {id(event.stream): event.stream for event in dropped}.values():
            # A new list: another thread may be reading the old one.
            stream.events = [event for event in stream.events if event.number not in numbers]


def _is_in(stream: Any, names: Collection[str] | None) -> bool:
    name = stream.log_stream_name
    # Not from a stream that was deleted.
    exists = stream.log_group.streams.get(name) is stream
    return exists and (names is None or name in names)
