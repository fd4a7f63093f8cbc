"""Put events in the order of their time that arrive late, twice, and from many streams at once."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from tasktracker_ops.adapters.aws.logs import LogRecord

# Streams reach CloudWatch with delays of their own: an event waits so long for an older one.
_HOLD_MS = 3_000
# How far back to look again: each time, and every so often for what came much later.
_OVERLAP_MS = 5_000
_LONG_OVERLAP_MS = 120_000
_LONG_EVERY_SECONDS = 15.0
_POLL_SECONDS = 1.0
_MINIMUM_KNOWN = 10_000  # ids of events, before the old ones are looked for
_LONGEST_PAUSE_SECONDS = 30.0
_BUSY = {"ThrottlingException", "Throttling", "ServiceUnavailableException", "InternalFailure"}


class Group(Protocol):
    """What is followed; times are in epoch milliseconds."""

    def now(self) -> int:
        """Return the time by CloudWatch's clock."""

    def read(self, *, start: int, pattern: str = "") -> Iterator[LogRecord]:
        """Yield the events from `start` on, in order."""


class _Held(NamedTuple):
    timestamp: int
    arrival: int
    seen_at: float
    record: LogRecord


class Tail:
    """Everything that is new, each event once; `clock` and `sleep` count seconds."""

    def __init__(
        self,
        group: Group,
        pattern: str,
        *,
        note: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`note` is told when CloudWatch is too busy to answer."""
        self._group = group
        self._pattern = pattern
        self._note = note
        self._clock = clock
        self._sleep = sleep
        self._arrivals = itertools.count()
        self._held: list[_Held] = []
        self._known: dict[str, int] = {}
        self._room = _MINIMUM_KNOWN
        self._read_until = 0

    def follow(self, start: int) -> Iterator[LogRecord]:
        """Yield events from `start` on (epoch milliseconds), without end.

        Errors of AWS end it, busy ones apart; what is held back by then comes before the error.
        """
        self._read_until = start
        looked_back_at = self._clock()
        try:
            while True:
                begun = self._clock()
                overlap = _OVERLAP_MS
                if begun - looked_back_at >= _LONG_EVERY_SECONDS:
                    looked_back_at, overlap = begun, _LONG_OVERLAP_MS
                yield from self._pass(max(start, self._read_until - overlap))
                self._forget()
                self._sleep(max(0.0, _POLL_SECONDS - (self._clock() - begun)))
        except GeneratorExit:
            raise
        except BaseException:
            while self._held:
                yield heapq.heappop(self._held).record
            raise

    def _pass(self, start: int) -> Iterator[LogRecord]:
        """Make one pass from `start` to the newest event, however long CloudWatch is busy."""
        from tasktracker_ops.adapters.aws.session import AwsError

        pause = _POLL_SECONDS
        while True:
            begun = self._group.now()
            try:
                for record in self._group.read(start=start, pattern=self._pattern):
                    self._add(record)
                    # They come in order: what is older has been read, if this pass breaks off.
                    self._read_until = max(self._read_until, min(record.timestamp, begun))
                    if len(self._known) > self._room:
                        self._forget()
                    yield from self._settled()
                self._read_until = max(self._read_until, begun)
                yield from self._settled()
                return
            except AwsError as error:
                if error.aws_code not in _BUSY:
                    raise
                self._note(f"CloudWatch is busy ({error.aws_code}); asking again in {pause:g} s")
            start = max(start, self._read_until - _LONG_OVERLAP_MS)
            self._sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _add(self, record: LogRecord) -> None:
        if record.event_id not in self._known:
            self._known[record.event_id] = record.timestamp
            held = _Held(record.timestamp, next(self._arrivals), self._clock(), record)
            heapq.heappush(self._held, held)

    def _settled(self) -> Iterator[LogRecord]:
        """Yield, in order, the events that no older one is expected before."""
        by_time, by_wait = self._group.now() - _HOLD_MS, self._clock() - _HOLD_MS / 1000
        while self._held and (
            self._held[0].timestamp <= by_time or self._held[0].seen_at <= by_wait
        ):
            yield heapq.heappop(self._held).record

    def _forget(self) -> None:
        """Keep the ids of what may be read again, and no more."""
        horizon = self._read_until - _LONG_OVERLAP_MS
        self._known = {id_: at for id_, at in self._known.items() if at >= horizon}
        self._room = 2 * len(self._known) + _MINIMUM_KNOWN
