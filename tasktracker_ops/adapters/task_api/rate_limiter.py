"""How fast a client sends requests: slower while the API throttles, then faster again."""

from __future__ import annotations

import threading
import time

_FIRST_INTERVAL, _LONGEST_INTERVAL = 0.05, 2.0  # seconds between two requests, once throttled
_SPEEDUP = 0.98  # of the interval, with each answer


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

    def slower(self, pause: float) -> None:
        """Send nothing for `pause` seconds, and half as much as before from then on."""
        with self._lock:
            now = time.monotonic()
            # Requests that were sent together are throttled together: that counts once.
            if now >= self._next - self._interval:
                doubled = max(2 * self._interval, _FIRST_INTERVAL)
                self._interval = min(doubled, _LONGEST_INTERVAL)
            self._next = max(self._next, now + pause)

    def faster(self) -> None:
        """Shorten the interval: a request was not throttled."""
        with self._lock:
            self._interval *= _SPEEDUP
            if self._interval < _FIRST_INTERVAL / 10:
                self._interval = 0.0
