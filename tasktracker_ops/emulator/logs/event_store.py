"""The events of a log group in order of time, bounded in number and size."""

from __future__ import annotations

import itertools
import math
import threading
import time
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Event:
    """A log event with the attributes moto reads; times are in epoch milliseconds."""

    timestamp: int
    ingestion_time: int
    message: str
    number: int = field(default_factory=_numbers.__next__)

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


class Entry(NamedTuple):
    """An event in its place: by time, then in the order of arrival; `stream` is moto's."""

    timestamp: int
    number: int
    event: Event
    stream: Any


class Position(NamedTuple):
    """The place in the order where a page ended."""

    timestamp: int
    number: int


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


class EventStore:
    """The newest events of one group; safe to use from many threads."""

    def __init__(self, *, max_events: int = _MAX_EVENTS, max_bytes: int = _MAX_BYTES) -> None:
        self._entries: list[Entry] = []
        self._bytes = 0
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._lock = threading.Lock()

    def add(self, stream: Any, events: Iterable[Event]) -> None:
        """Append to a stream; the oldest events of the group make room when it is full."""
        with self._lock:
            for event in events:
                entry = Entry(event.timestamp, event.number, event, stream)
                if self._entries and entry < self._entries[-1]:
                    insort(self._entries, entry)
                else:  # nearly always
                    self._entries.append(entry)
                stream.events.append(event)
                self._bytes += event.size
            while len(self._entries) > self._max_events or self._bytes > self._max_bytes:
                self._drop_oldest()

    def page(self, search: Search) -> tuple[list[Entry], Position | None]:
        """Return events in order, and where the next page starts.

        As on AWS a page that is not full, or even empty, need not be the last: each covers no
        more than PAGE_EVENTS events.
        """
        with self._lock:
            entries = self._entries
            low = bisect_left(entries, (search.start,))
            if search.after is not None:
                low = max(low, bisect_right(entries, search.after, key=_position))
            high = len(entries) if search.end is None else bisect_left(entries, (search.end + 1,))
            covered = entries[low : min(high, low + PAGE_EVENTS)]
            more = low + PAGE_EVENTS < high
        found: list[Entry] = []
        size = 0
        for entry in covered:
            if not (_is_in(entry.stream, search.streams) and search.matches(entry.event.message)):
                continue
            size += entry.event.size
            if len(found) == search.limit or (found and size > PAGE_BYTES):
                return found, _position(found[-1])
            found.append(entry)
        return found, _position(covered[-1]) if more else None

    def columns(self) -> Columns:
        """Return the events, which nothing may change meanwhile."""
        places: dict[int, int] = {}
        streams: list[Any] = []
        for entry in self._entries:
            if id(entry.stream) not in places:
                places[id(entry.stream)] = len(streams)
                streams.append(entry.stream)
        events = [entry.event for entry in self._entries]
        return Columns(
            streams,
            [places[id(entry.stream)] for entry in self._entries],
            [event.timestamp for event in events],
            [event.ingestion_time for event in events],
            [event.message for event in events],
            [event.number for event in events],
        )

    def refill(self, columns: Columns) -> None:
        """Put events of a snapshot into the store and their streams, which are both empty."""
        streams, *values = columns
        self._entries = [
            Entry(timestamp, number, Event(timestamp, arrival, message, number), streams[place])
            for place, timestamp, arrival, message, number in zip(*values, strict=True)
        ]
        self._bytes = sum(entry.event.size for entry in self._entries)
        for entry in sorted(self._entries, key=lambda entry: entry.number):
            vars(entry.stream).setdefault("events", []).append(entry.event)

    def _drop_oldest(self) -> None:
        count = math.ceil(len(self._entries) * _DROPPED_SHARE)
        dropped, self._entries = self._entries[:count], self._entries[count:]
        self._bytes -= sum(entry.event.size for entry in dropped)
        numbers = {entry.number for entry in dropped}
        for stream in {id(entry.stream): entry.stream for entry in dropped}.values():
            # A new list: another thread may be reading the old one.
            stream.events = [event for event in stream.events if event.number not in numbers]


def _position(entry: Entry) -> Position:
    return Position(entry.timestamp, entry.number)


def _is_in(stream: Any, names: Collection[str] | None) -> bool:
    name = stream.log_stream_name
    # Not from a stream that was deleted.
    exists = stream.log_group.streams.get(name) is stream
    return exists and (names is None or name in names)
