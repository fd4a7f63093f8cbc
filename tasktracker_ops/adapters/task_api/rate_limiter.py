"""Limiting the rate of requests while the API throttles."""

from __future__ import annotations

import threading
import time

_FIRST_INTERVAL, _LONGEST_INTERVAL = 0.05, 2.0  # seconds between two requests
_SPEEDUP = 0.98  # factor for the interval, with each response


class RateLimiter:
    """Keeps an interval between the requests of all threads; none until the API throttles."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._interval = 0.0
        self._next = 0.0

    def wait(self) -> None:
        """Wait until the next request may be sent."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._interval
        time.sleep(turn - now)

    def slow_down(self, pause: float) -> None:
        """Pause for `pause` seconds, then halve the rate: a request was throttled."""
        with self._lock:
            now = time.monotonic()
            # Requests sent together are throttled together, which counts once.
            if now >= self._next - self._interval:
                doubled = max(2 * self._interval, _FIRST_INTERVAL)
                self._interval = min(doubled, _LONGEST_INTERVAL)
            self._next = max(self._next, now + pause)

    def speed_up(self) -> None:
        """Raise the rate: a request was not throttled."""
        with self._lock:
            self._interval *= _SPEEDUP
            if self._interval < _FIRST_INTERVAL / 10:
                self._interval = 0.0
