"""The stretch of time that is looked at, such that one CloudWatch period holds all of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from tasktracker_ops.observations import timestamp

# One-minute data is kept for 15 days; the window may begin a little before what was asked for.
LONGEST = 14 * 86400
_MOST_POINTS = 180
_MINUTES = (1, 2, 3, 4, 5, 10, 15, 20, 30, 60, 120)
_MORE_CHOICE = 60


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """From `start` (a whole minute) to `now`, in seconds since the epoch.

    `length` is the period, in seconds, that begins at `start` and ends after `now`; `period` is
    that of the points, which is `insisted` on or only a default.
    """

    start: int
    now: float
    length: int
    period: int
    insisted: bool

    @property
    def end(self) -> int:
        """The first whole minute after `now`."""
        return int(self.now) // 60 * 60 + 60


def time_window(now: float, since: float, period: int | None = None) -> TimeWindow:
    """The window that holds the last `since` seconds; it begins at most minutes earlier.

    CloudWatch may count periods from the epoch or from the start of the request. Its length is
    chosen so that the start is a multiple of it, and both come to the same.
    """
    end = int(now) // 60 + 1
    least = math.ceil(since / 60) + 1
    lengths = [d for d in range(least + 1, 2 * least + _MORE_CHOICE) if end % d >= least]
    length = min(lengths, key=lambda d: end % d)
    start = (end - end % length) * 60
    return TimeWindow(start, now, length * 60, period or _period(since), period is not None)


def _period(since: float) -> int:
    """The shortest handy period that makes at most 180 points, in seconds."""
    return 60 * next(m for m in _MINUTES if since <= m * 60 * _MOST_POINTS)


def rfc3339(seconds: float) -> str:
    """A time of seconds since the epoch, as all results write it."""
    return timestamp(datetime.fromtimestamp(seconds, UTC))
