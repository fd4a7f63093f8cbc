"""How fast one client asks: slower while the API throttles, faster again while it does not."""

from __future__ import annotations

import threading
import time

_FIRST, _LONGEST = 0.05, 2.0  # seconds between two requests, once throttled
_FASTER = 0.98  # of the distance, with each answer


class Pace:
    """The distance between the requests of all threads of a client; none until it is throttled."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._distance = 0.0
        self._next = 0.0

    def wait(self) -> None:
        """Wait for the turn of the next request."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._distance
        time.sleep(turn - now)

    def slower(self, pause: float) -> None:
        """Send nothing for `pause` seconds, and then half as much as before."""
        with self._lock:
            now = time.monotonic()
            # Requests that were under way together are throttled together: that counts once.
            if now >= self._next - self._distance:
                self._distance = min(max(2 * self._distance, _FIRST), _LONGEST)
            self._next = max(self._next, now + pause)

    def faster(self) -> None:
        """Speed up: a request was let through."""
        with self._lock:
            self._distance *= _FASTER
            if self._distance < _FIRST / 10:
                self._distance = 0.0
