"""A group's events: in order, in pages, bounded, written and read by many at once."""

from __future__ import annotations

import gc
import threading
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import strategies as st

from tasktracker_ops.emulator.logs.event_store import (
    PAGE_BYTES,
    PAGE_EVENTS,
    Event,
    EventStore,
    Position,
    Search,
)
from tasktracker_ops.emulator.logs.patterns import compile_pattern
from tests.properties import given


@dataclass
class Group:
    """Stands in for moto's log group."""

    streams: dict[str, Any] = field(default_factory=dict)


class Stream:
    """Stands in for moto's log stream."""

    def __init__(self, group: Group, name: str = "stream") -> None:
        self.log_group = group
        self.log_stream_name = name
        self.events: list[Event] = []
        group.streams[name] = self


@pytest.fixture
def stream() -> Stream:
    """A stream in a group of its own."""
    return Stream(Group())


def add(events: EventStore, stream: Stream, *times: int) -> None:
    """Write an event at each time; its message is the time."""
    events.add([Event(at, at, str(at), stream) for at in times])


def pages(events: EventStore, pattern: str = "", **search: Any) -> list[list[int]]:
    """Return the times of all events, page by page."""
    found, after = [], None
    while True:
        wanted = Search(compile_pattern(pattern), after=after, **search)
        page, after = events.page(wanted)
        found.append([event.timestamp for event in page])
        if after is None:
            return found


def read(events: EventStore, pattern: str = "", **search: Any) -> list[int]:
    """Return the times of all events."""
    return [at for page in pages(events, pattern, **search) for at in page]


def test_events_of_all_streams_are_in_the_order_of_time(stream: Stream) -> None:
    """Late ones too; those of one millisecond in the order of their arrival."""
    events, other = EventStore(), Stream(stream.log_group, "other")
    add(events, stream, 1, 5, 9)
    add(events, other, 2, 5)
    add(events, stream, 3)
    assert read(events) == [1, 2, 3, 5, 5, 9]
    page, _ = events.page(Search(compile_pattern("5")))
    assert [event.stream for event in page] == [stream, other]


def test_both_ends_of_a_span_are_inside(stream: Stream) -> None:
    """As CloudWatch documents it."""
    events = EventStore()
    add(events, stream, 1, 2, 3, 4)
    assert read(events, start=2, end=3) == [2, 3]


def test_streams_are_selected_by_name(stream: Stream) -> None:
    """What is in a deleted stream is gone, even when a new one takes its name."""
    events, other = EventStore(), Stream(stream.log_group, "other")
    add(events, stream, 1)
    add(events, other, 2)
    assert read(events, streams={"other"}) == [2]
    Stream(stream.log_group, "other")
    assert read(events) == [1]


def test_a_page_ends_at_its_limit_and_the_next_goes_on(stream: Stream) -> None:
    """Also among events of the same millisecond, and when an older one arrives in between."""
    events = EventStore()
    add(events, stream, 1, 1, 1, 2, 3)
    assert pages(events, limit=2) == [[1, 1], [1, 2], [3]]
    page, key = events.page(Search(compile_pattern(""), limit=3))
    add(events, stream, 1)
    rest, _ = events.page(Search(compile_pattern(""), after=key))
    numbers = [event.number for event in (*page, *rest)]
    assert len(numbers) == len(set(numbers)) == 6


def test_a_page_holds_a_megabyte(stream: Stream) -> None:
    """But always one event."""
    events = EventStore()
    big = "x" * (PAGE_BYTES // 2)
    events.add([Event(at, at, big, stream) for at in range(3)])
    assert pages(events) == [[0], [1], [2]]


def test_a_page_may_be_empty_and_not_the_last(stream: Stream) -> None:
    """A page covers so many events."""
    events = EventStore()
    add(events, stream, *range(PAGE_EVENTS + 1))
    assert pages(events, str(PAGE_EVENTS)) == [[], [PAGE_EVENTS]]


@given(
    st.lists(st.lists(st.integers(0, 50), max_size=8), max_size=8),
    st.integers(1, 7),
    st.integers(0, 50),
    st.integers(0, 50),
)
def test_pages_together_are_the_span(
    writes: list[list[int]], limit: int, start: int, end: int
) -> None:
    """Each event once, whatever the order of arrival and the size of the pages."""
    events, stream = EventStore(), Stream(Group())
    for write in writes:
        add(events, stream, *write)
    expected = sorted(at for write in writes for at in write if start <= at <= end)
    assert read(events, start=start, end=end, limit=limit) == expected


def test_the_oldest_events_make_room(stream: Stream) -> None:
    """By number and by size, in the stream as well."""
    events = EventStore(max_events=100)
    for at in range(250):
        add(events, stream, at)
    kept = read(events)
    assert 90 <= len(kept) <= 100
    assert kept[-1] == 249
    assert [event.timestamp for event in stream.events] == kept
    small = EventStore(max_bytes=1000)
    small.add([Event(at, at, "x" * 74, stream) for at in range(30)])
    assert read(small)[-1] == 29
    assert 9 <= len(read(small)) <= 10


def test_an_event_is_one_object_for_the_garbage_collector(stream: Stream) -> None:
    """It halts all requests for as long as it takes to visit each of 100,000 events."""
    events = EventStore()
    add(events, stream, 0)
    before = len(gc.get_objects())
    add(events, stream, *range(1000))
    assert len(gc.get_objects()) - before < 1500


def test_many_write_while_many_read(stream: Stream) -> None:
    """No reader sees an event twice; none is lost, and ids are used once."""
    events = EventStore()
    streams = [Stream(stream.log_group, f"s{number}") for number in range(4)]
    seen: list[list[int]] = []
    writing = threading.Event()

    def write(own: Stream) -> None:
        for at in range(500):
            add(events, own, at, at)

    def follow() -> None:
        mine: list[int] = []
        after: Position | None = None
        while not writing.is_set():
            page, _ = events.page(Search(compile_pattern(""), limit=97, after=after))
            mine += [event.number for event in page]
            after = page[-1].position if page else after
        seen.append(mine)

    writers = [threading.Thread(target=write, args=[each]) for each in streams]
    readers = [threading.Thread(target=follow) for _ in range(2)]
    for thread in (*writers, *readers):
        thread.start()
    for thread in writers:
        thread.join()
    writing.set()
    for thread in readers:
        thread.join()
    assert all(len(mine) == len(set(mine)) for mine in seen)
    page, _ = events.page(Search(compile_pattern("")))
    assert len(page) == len({event.number for event in page}) == 4 * 500 * 2
    positions = [event.position for event in page]
    assert positions == sorted(positions)
    for each in streams:
        assert len(each.events) == 1000


def test_a_search_reads_only_events_of_its_time(stream: Stream) -> None:
    """The others, however many, are not searched."""
    events = EventStore()
    looked_at = []
    add(events, stream, *range(100_000))

    def count(message: str) -> bool:
        looked_at.append(message)
        return True

    events.page(Search(count, start=99_990))
    assert len(looked_at) == 10
