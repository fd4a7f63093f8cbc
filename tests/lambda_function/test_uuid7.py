"""UUID version 7 (RFC 9562, section 5.7)."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from uuid7 import uuid7


def test_layout_is_version_7():
    """Version, variant, canonical text and the time in the first 48 bits are right."""
    before = time.time_ns() // 1_000_000
    text = uuid7()
    value = uuid.UUID(text)
    assert (value.version, value.variant, str(value)) == (7, uuid.RFC_4122, text)
    # Other tests may have drawn many within one millisecond: the counter then runs ahead.
    assert before <= value.int >> 80 <= time.time_ns() // 1_000_000 + 1_000


def test_values_rise_and_never_repeat():
    """In one process each value is greater than the one before."""
    values = [uuid7() for _ in range(20_000)]
    assert values == sorted(set(values))


def test_threads_share_the_order():
    """Threads never draw the same value, and each sees its own values rise."""

    def draw() -> list[str]:
        return [uuid7() for _ in range(2_000)]

    with ThreadPoolExecutor(8) as threads:
        drawn = [run.result() for run in [threads.submit(draw) for _ in range(8)]]
    assert all(values == sorted(values) for values in drawn)
    assert len({value for values in drawn for value in values}) == 16_000


def test_clock_that_steps_back_keeps_the_order(monkeypatch):
    """A clock set back by an hour does not bring an earlier value."""
    first = uuid7()
    hour_ago = time.time_ns() - 3_600 * 10**9
    monkeypatch.setattr("uuid7.time.time_ns", lambda: hour_ago)
    assert uuid7() > first
