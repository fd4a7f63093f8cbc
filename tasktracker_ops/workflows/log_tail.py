"""Follow a log: order events by time that arrive late, twice and from many streams at once."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from tasktracker_ops.adapters.aws.logs import LogRecord

# Streams reach CloudWatch with different delays: an event is held so long for older ones.
_HOLD_MS = 3_000
# How far back to read again: each time, and now and then for what arrived much later.
_OVERLAP_MS = 5_000
_LONG_OVERLAP_MS = 120_000
_LONG_EVERY_SECONDS = 15.0
_POLL_SECONDS = 1.0
_MIN_KNOWN = 10_000  # ids of events, before old ones are dropped
_MAX_PAUSE_SECONDS = 30.0
_BUSY = {"ThrottlingException", "Throttling", "ServiceUnavailableException", "InternalFailure"}


class LogSource(Protocol):
    """The log to follow; times are in epoch milliseconds."""

    def now(self) -> int:
        """Return the time by CloudWatch's clock."""
        ...

    def read(self, *, start: int) -> Iterator[LogRecord]:
        """Yield the events from `start` on, in order."""
        ...


class _Held(NamedTuple):
    timestamp: int
    arrival: int
    added_at: float
    record: LogRecord


class LogTail:
    """The new events of a log, each once; `clock` and `sleep` count seconds."""

    def __init__(
        self,
        source: LogSource,
        *,
        note: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`note` gets a message when CloudWatch throttles."""
        self._source = source
        self._note = note
        self._clock = clock
        self._sleep = sleep
        self._arrivals = itertools.count()
        self._held: list[_Held] = []
        self._known: dict[str, int] = {}
        self._capacity = _MIN_KNOWN
        self._read_until = 0

    def follow(self, start: int) -> Iterator[LogRecord]:
        """Yield events from `start` on (epoch milliseconds), without end.

        An error of AWS other than throttling ends it; events still held come before the error.
        """
        self._read_until = start
        last_long_read = self._clock()
        try:
            while True:
                begun = self._clock()
                overlap = _OVERLAP_MS
                if begun - last_long_read >= _LONG_EVERY_SECONDS:
                    last_long_read, overlap = begun, _LONG_OVERLAP_MS
                yield from self._read(max(start, self._read_until - overlap))
                self._forget()
                self._sleep(max(0.0, _POLL_SECONDS - (self._clock() - begun)))
        except GeneratorExit:
            raise
        except BaseException:
            while self._held:
                yield heapq.heappop(self._held).record
            raise

    def _read(self, start: int) -> Iterator[LogRecord]:
        """Read once from `start` to the newest event, however long CloudWatch throttles."""
        from tasktracker_ops.adapters.aws.session import AwsError

        pause = _POLL_SECONDS
        while True:
            begun = self._source.now()
            try:
                for record in self._source.read(start=start):
                    self._add(record)
                    # Events come in order: all older ones are read, should this read fail.
                    self._read_until = max(self._read_until, min(record.timestamp, begun))
                    if len(self._known) > self._capacity:
                        self._forget()
                    yield from self._settled()
                self._read_until = max(self._read_until, begun)
                yield from self._settled()
                return
            except AwsError as error:
                if error.aws_code not in _BUSY:
                    raise
                self._note(f"CloudWatch is busy ({error.aws_code}); retrying in {pause:g} s")
            start = max(start, self._read_until - _LONG_OVERLAP_MS)
            self._sleep(pause)
            pause = min(pause * 2, _MAX_PAUSE_SECONDS)

    def _add(self, record: LogRecord) -> None:
        if record.event_id not in self._known:
            self._known[record.event_id] = record.timestamp
            held = _Held(record.timestamp, next(self._arrivals), self._clock(), record)
            heapq.heappush(self._held, held)

    def _settled(self) -> Iterator[LogRecord]:
        """Yield the events, in order, before which no older one is expected."""
        by_time, by_wait = self._source.now() - _HOLD_MS, self._clock() - _HOLD_MS / 1000
        while self._held and (
            self._held[0].timestamp <= by_time or self._held[0].added_at <= by_wait
        ):
            yield heapq.heappop(self._held).record

    def _forget(self) -> None:
        """Drop the ids of events that will not be read again."""
        horizon = self._read_until - _LONG_OVERLAP_MS
        self._known = {id_: at for id_, at in self._known.items() if at >= horizon}
        self._capacity = 2 * len(self._known) + _MIN_KNOWN
