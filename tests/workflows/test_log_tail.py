"""Following a log shows each event once and in order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import strategies as st

from tasktracker_ops.adapters.aws.logs import LogRecord
from tasktracker_ops.adapters.aws.session import AwsError
from tasktracker_ops.errors import ConfigurationError, TtOpsError
from tasktracker_ops.workflows.log_tail import LogTail
from tests.properties import given

EXPIRED = ConfigurationError("aws-credentials-expired", "they have expired", hint="do: this")
T0 = 1_000_000


class Enough(Exception):
    """Ends a tail that would follow forever."""


@dataclass
class World:
    """CloudWatch on a clock of its own: events become visible some time after their timestamp.

    `events` are (timestamp, visible at), in ms since the beginning; `failures` are raised by the
    reads of these numbers.
    """

    events: list[tuple[int, int]]
    lifetime: float = 60.0
    failures: dict[int, BaseException] = field(default_factory=dict)
    seconds: float = 0.0
    reads: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def now(self) -> int:
        """Return the time in whole seconds, as in AWS's responses."""
        return T0 + int(self.seconds) * 1000

    def read(self, *, start: int) -> Iterator[LogRecord]:
        """Yield the visible events; raise in the middle if this read is to fail."""
        self.reads.append(start)
        here = self.seconds * 1000
        visible = sorted(
            (at, number)
            for number, (at, since) in enumerate(self.events)
            if since <= here and T0 + at >= start
        )
        failure = self.failures.get(len(self.reads))
        for position, (at, number) in enumerate(visible):
            if failure is not None and position == len(visible) // 2:
                raise failure
            yield LogRecord(str(number), T0 + at, "stream", str(number))
        if failure is not None:
            raise failure

    def sleep(self, seconds: float) -> None:
        """Advance the clock; raise at the end of the lifetime."""
        self.seconds += max(seconds, 0.01)
        if self.seconds > self.lifetime:
            raise Enough

    def tail(self) -> LogTail:
        """Make a tail of this log that counts time by its clock."""
        return LogTail(self, note=self.notes.append, clock=lambda: self.seconds, sleep=self.sleep)

    def follow(self, since: int = 0) -> tuple[list[int], list[float], BaseException]:
        """Return the numbers of the events as shown, when each was, and the final exception."""
        shown, times = [], []
        try:
            for record in self.tail().follow(T0 + since):
                shown.append(int(record.event_id))
                times.append(self.seconds)
        except (Enough, TtOpsError, KeyboardInterrupt) as end:
            return shown, times, end
        raise AssertionError


def times(world: World, shown: list[int]) -> list[int]:
    """Return the timestamps of the shown events."""
    return [world.events[number][0] for number in shown]


@given(st.lists(st.tuples(st.integers(0, 40_000), st.integers(0, 2_000)), max_size=60))
def test_events_delayed_within_the_hold_come_in_order(events: list[tuple[int, int]]) -> None:
    """Each event comes once, whatever the order of arrival."""
    world = World([(at, at + delay) for at, delay in events])
    shown, _, _ = world.follow()
    assert sorted(shown) == list(range(len(events)))
    assert times(world, shown) == sorted(at for at, _ in events)


def test_a_thousand_from_ten_streams_come_once_and_in_order() -> None:
    """A hundred a second, each up to two seconds late."""
    delays = random.Random(7)
    world = World([(at * 10, at * 10 + delays.randrange(2000)) for at in range(1000)])
    shown, when, _ = world.follow()
    assert shown == list(range(1000))
    late = [at - number / 100 for number, at in zip(shown, when, strict=True)]
    assert max(late) < 6


@pytest.mark.parametrize("delay", [4_000, 20_000, 100_000])
def test_a_very_late_event_is_shown(delay: int) -> None:
    """It comes out of order, and once."""
    events = [(second * 1000, second * 1000) for second in range(150)]
    world = World([*events, (10_000, 10_000 + delay)], lifetime=170)
    shown, _, _ = world.follow()
    assert sorted(shown) == list(range(151))


def test_existing_events_come_at_once() -> None:
    """Only the newest seconds are held back."""
    world = World([(-500_000, 0), (-10_000, 0), (-100, 0)])
    shown, when, _ = world.follow(since=-600_000)
    assert shown == [0, 1, 2]
    assert when[:2] == [0, 0]


def test_nothing_before_the_start_is_read() -> None:
    """Later reads go back some seconds, now and then two minutes."""
    world = World([], lifetime=200)
    world.follow()
    assert min(world.reads) == T0
    back = [T0 + number * 1000 - start for number, start in enumerate(world.reads)]
    assert sorted(set(back[150:])) == [6_000, 121_000]
    assert sum(gap == 121_000 for gap in back[150:]) == pytest.approx(50 / 15, abs=1)


def test_throttling_is_retried() -> None:
    """Pauses grow and are reported, and no event is lost."""
    busy = AwsError("reading", "ThrottlingException", "Rate exceeded")
    world = World(
        [(at * 100, at * 100) for at in range(300)],
        failures=dict.fromkeys(range(5, 12), busy),
        lifetime=150,
    )
    shown, _, _ = world.follow()
    assert shown == list(range(300))
    pauses = [note.rpartition("in ")[2] for note in world.notes]
    assert pauses == ["1 s", "2 s", "4 s", "8 s", "16 s", "30 s", "30 s"]


@pytest.mark.parametrize("end", [EXPIRED, KeyboardInterrupt()], ids=["error", "Ctrl-C"])
def test_held_events_come_before_the_error(end: BaseException) -> None:
    """They were read, so they are shown."""
    world = World([(900, 950)], failures={3: end})
    shown, _, ended = world.follow()
    assert (shown, ended) == ([0], end)


def test_the_iterator_can_be_closed() -> None:
    """Closing it yields no more events."""
    world = World([(0, 0), (900, 900)])
    tail = world.tail()
    followed = tail.follow(T0)
    next(followed)
    followed.close()  # type: ignore[attr-defined]


def test_memory_is_bounded() -> None:
    """Only ids of events that may be read again are kept."""
    world = World([(at * 100, at * 100) for at in range(6000)], lifetime=600)
    tail = world.tail()
    sizes = []
    with suppress(Enough):
        for _ in tail.follow(T0):
            sizes.append(len(tail._known))
    assert len(sizes) == 6000
    assert max(sizes) < 1500


def test_ids_of_a_long_past_are_dropped() -> None:
    """Its events come once, also when CloudWatch throttles meanwhile."""
    busy = AwsError("reading", "ThrottlingException", "Rate exceeded")
    count = 40_000
    events = [(-100 * number, 0) for number in range(count, 0, -1)]
    world = World(events, lifetime=20, failures={1: busy})
    tail = world.tail()
    most, shown = 0, []
    with suppress(Enough):
        for record in tail.follow(T0 - 100 * count):
            shown.append(int(record.event_id))
            most = max(most, len(tail._known))
    assert shown == list(range(count))
    assert most < 15_000
