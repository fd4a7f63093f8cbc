"""Stages throttle requests by token buckets."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tasktracker_ops.emulator.gateway.throttle import Throttle


def test_requests_beyond_the_burst_are_refused(aws: Any, function: Any) -> None:
    """The third of two allowed requests is a 429."""
    settings = {"ThrottlingRateLimit": 0.01, "ThrottlingBurstLimit": 2}
    api = aws.api(function, stage={"DefaultRouteSettings": settings})
    answers = [api.call("/") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].json() == {"message": "Too Many Requests"}


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
