"""Times as results write them, and the time window of metrics."""

from __future__ import annotations

from datetime import UTC, datetime

from tasktracker_ops.frozen import dataclass

_MOST_POINTS = 180
_MINUTES = (1, 2, 3, 4, 5, 10, 15, 20, 30, 60, 120)


def timestamp(at: datetime) -> str:
    """Return a time as all results write it: RFC 3339 in UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def timestamp_now() -> str:
    """Return the time of this machine as a timestamp."""
    return timestamp(datetime.now(UTC))


def epoch_timestamp(seconds: float) -> str:
    """Return seconds since the epoch as a timestamp."""
    return timestamp(datetime.fromtimestamp(seconds, UTC))


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """From `start` (a whole minute) to `now`, in seconds since the epoch.

    `period` is that of the points, in seconds; `explicit` says that the user set it.
    """

    start: int
    now: float
    period: int
    explicit: bool

    @property
    def end(self) -> int:
        """Return the first whole minute after `now`."""
        return int(self.now) // 60 * 60 + 60

    @property
    def length(self) -> int:
        """Return the period that holds the whole window, in seconds."""
        # CloudWatch counts periods from the request's start (https://github.com/boto/boto3/issues/3457).
        return self.end - self.start


def time_window(now: float, since: float, period: int | None = None) -> TimeWindow:
    """Return the window of the last `since` seconds; it starts less than a minute earlier."""
    start = int(now - since) // 60 * 60
    return TimeWindow(start, now, period or _period(since), period is not None)


def _period(since: float) -> int:
    """Return the shortest usual period that makes at most 180 points, in seconds."""
    return 60 * next(m for m in _MINUTES if since <= m * 60 * _MOST_POINTS)
