"""Time-ordered identifiers: UUID version 7 (RFC 9562, section 5.7)."""

import secrets
import threading
import time
import uuid

_lock = threading.Lock()
_last = 0


def uuid7() -> str:
    """Return a new UUIDv7 in canonical lower case.

    In one process each value is greater than the one before, even within a millisecond and when
    the clock steps back (RFC 9562, section 6.2, method 1: a 12-bit counter in ``rand_a``).
    """
    global _last
    with _lock:
        # The counter starts in its lower half; an overflow carries into the time.
        _last = max((time.time_ns() // 1_000_000) << 12 | secrets.randbits(11), _last + 1)
        milliseconds, counter = _last >> 12, _last & 0xFFF
    value = milliseconds << 80 | 7 << 76 | counter << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=value))
