"""A bucket of tokens for each stage; `test_operations.py` has its limits behind an API."""

from __future__ import annotations

from types import SimpleNamespace

from tasktracker_ops.emulator.gateway.throttle import Throttle


def test_tokens_return_at_the_rate() -> None:
    """A bucket is filled by the rate, up to the burst."""
    settings = {"throttlingRateLimit": 5.0, "throttlingBurstLimit": 2}
    stage = SimpleNamespace(name="$default", default_route_settings=settings)
    now = 0.0
    throttle = Throttle(clock=lambda: now)
    assert [throttle.take_token("api", stage) for _ in range(3)] == [True, True, False]
    now = 0.25
    assert [throttle.take_token("api", stage) for _ in range(2)] == [True, False]
    now = 60.0
    assert [throttle.take_token("api", stage) for _ in range(3)] == [True, True, False]
    assert throttle.take_token("another", stage)
