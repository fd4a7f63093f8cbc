"""Metrics of functions and APIs count what happened."""

from __future__ import annotations

import re
import statistics
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.emulator.alarms_and_metrics import CloudWatch


def test_mixed_invocations_are_counted_exactly(
    aws: Any, cloudwatch: CloudWatch, eventually: Any
) -> None:
    """Of 60 invocations, direct and through an API, sums are exact; p95 is that of the log."""
    function = aws.function()
    api = aws.api(function)

    def call(number: int) -> None:
        action = "raise" if number % 10 == 0 else "slow" if number % 10 == 1 else "context"
        if number % 2:
            function.invoke({"action": action}, Qualifier="live")
        else:
            api.call(f"/{action}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(call, range(60)))
    name = {"FunctionName": function.name}

    def lambda_sum(metric: str, stat: str = "Sum") -> float | None:
        return cloudwatch.sum("AWS/Lambda", metric, stat, **name)

    eventually(lambda: lambda_sum("Invocations") == 60)
    assert lambda_sum("Errors") == 6
    assert lambda_sum("Errors", "SampleCount") == 60
    assert lambda_sum("Throttles") == 0
    assert 1 <= (lambda_sum("ConcurrentExecutions", "Maximum") or 0) <= 4
    durations = [
        float(match[1])
        for line in function.log()
        if (match := re.search(r"REPORT .*\tDuration: ([\d.]+) ms", line))
    ]
    assert len(durations) == 60
    p95 = statistics.quantiles(durations, n=100, method="inclusive")[94]
    assert lambda_sum("Duration", "p95") == pytest.approx(p95, abs=1)
    assert lambda_sum("Duration", "Sum") == pytest.approx(sum(durations), abs=1)
    for dimensions in ({"ApiId": api.id}, {"ApiId": api.id, "Stage": "$default"}):
        assert cloudwatch.sum("AWS/ApiGateway", "Count", **dimensions) == 30
        assert cloudwatch.sum("AWS/ApiGateway", "5xx", **dimensions) == 6
        assert cloudwatch.sum("AWS/ApiGateway", "4xx", **dimensions) == 0
        latency = cloudwatch.sum("AWS/ApiGateway", "Latency", "Average", **dimensions)
        integration = cloudwatch.sum(
            "AWS/ApiGateway", "IntegrationLatency", "Average", **dimensions
        )
        assert latency is not None
        assert integration is not None
        assert latency > integration > 0


def test_a_refused_request_has_no_integration(aws: Any, cloudwatch: CloudWatch) -> None:
    """A 404 of the gateway itself is a 4xx without IntegrationLatency."""
    api = aws.api(aws.function(), "GET /tasks")
    assert api.call("/nowhere").status_code == 404
    assert cloudwatch.sum("AWS/ApiGateway", "4xx", ApiId=api.id) == 1
    assert cloudwatch.sum("AWS/ApiGateway", "Count", ApiId=api.id) == 1
    assert cloudwatch.sum("AWS/ApiGateway", "IntegrationLatency", ApiId=api.id) is None


def test_an_invocation_is_published_under_four_sets_of_dimensions(
    aws: Any, cloudwatch: CloudWatch
) -> None:
    """By function, by resource, by the version behind an alias, and for the account.

    Each version has its own errors and durations, apart from invocations by its number.
    """
    function = aws.function()
    function.update("def lambda_handler(event, context): raise ValueError")
    live = {"FunctionName": function.name, "Name": "live"}
    function.do("context")
    for _ in range(2):
        function.invoke({}, FunctionName=f"{function.name}:live")
    weights = {"AdditionalVersionWeights": {"2": 1.0}}
    aws.client("lambda").update_alias(**live, RoutingConfig=weights)
    for _ in range(3):
        aws.api(function).call("/")
    function.invoke({}, Qualifier="2")

    def seen(resource: str, metric: str, stat: str = "Sum", **version: str) -> float | None:
        dimensions = {"FunctionName": function.name, "Resource": f"{function.name}:{resource}"}
        return cloudwatch.sum("AWS/Lambda", metric, stat, **dimensions, **version)

    name = {"FunctionName": function.name}
    assert (cloudwatch.sum("AWS/Lambda", "Invocations") or 0) >= 7
    assert cloudwatch.sum("AWS/Lambda", "Invocations", **name) == 7
    assert cloudwatch.sum("AWS/Lambda", "Invocations", **name, Resource=function.name) == 1
    assert seen("live", "Invocations") == 5
    old, new = {"ExecutedVersion": "1"}, {"ExecutedVersion": "2"}
    assert [seen("live", "Invocations", **each) for each in (old, new)] == [2, 3]
    assert [seen("live", "Errors", **each) for each in (old, new)] == [0, 3]
    assert [seen("live", "Throttles", **each) for each in (old, new)] == [0, 0]
    assert seen("live", "Duration", "SampleCount", **new) == 3
    slowest = seen("live", "Duration", "Maximum", **new) or 0
    assert 0 < (seen("live", "Duration", "p50", **new) or 0) <= slowest
    assert [seen("2", metric) for metric in ("Invocations", "Errors")] == [1, 1]
    assert seen("2", "Invocations", **new) is None
