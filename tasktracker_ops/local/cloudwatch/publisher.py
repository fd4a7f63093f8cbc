"""Publishes what functions and HTTP APIs did, with the names, units and dimensions AWS uses.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
"""

from __future__ import annotations

from tasktracker_ops.local.cloudwatch import metrics
from tasktracker_ops.local.cloudwatch.metrics import Metric
from tasktracker_ops.local.records import ApiRequest, Invocation

_LAMBDA = "AWS/Lambda"
_API_GATEWAY = "AWS/ApiGateway"

# Metric → value and unit.
_Data = dict[str, tuple[float, str]]


def publish_invocation(done: Invocation) -> None:
    """Publish an invocation with the time at which it was invoked, as Lambda does.

    By function, by resource (`name` or `name:qualifier`), for an alias by the version it led to,
    and for the account; ConcurrentExecutions by function and by resource.
    """
    at = done.started_at.timestamp()
    function = {"FunctionName": done.function_name}
    qualified = f"{done.function_name}:{done.qualifier}" if done.qualifier else done.function_name
    resource = {**function, "Resource": qualified}
    groups: list[dict[str, str]] = [{}, function, resource]
    if done.qualifier not in (None, done.version):
        groups.append({**resource, "ExecutedVersion": done.version})
    for dimensions in groups:
        _publish(done.region, _LAMBDA, _outcome(done), dimensions, at)
    if not done.throttled:
        for dimensions, number in (
            (function, done.concurrency),
            (resource, done.resource_concurrency),
        ):
            concurrency: _Data = {"ConcurrentExecutions": (number, "Count")}
            _publish(done.region, _LAMBDA, concurrency, dimensions, at)


def publish_request(done: ApiRequest) -> None:
    """Publish a request with the time at which it came in, by API and by stage."""
    data: _Data = {
        "Count": (1, "Count"),
        "4xx": (400 <= done.status < 500, "Count"),
        "5xx": (done.status >= 500, "Count"),
        "Latency": (done.latency_ms, "Milliseconds"),
    }
    if done.integration_latency_ms is not None:
        data["IntegrationLatency"] = (done.integration_latency_ms, "Milliseconds")
    at = done.started_at.timestamp()
    api = {"ApiId": done.api_id}
    for dimensions in (api, {**api, "Stage": done.stage}):
        _publish(done.region, _API_GATEWAY, data, dimensions, at)


def _outcome(done: Invocation) -> _Data:
    if done.throttled:
        return {"Throttles": (1, "Count")}
    return {
        "Invocations": (1, "Count"),
        "Errors": (done.error is not None, "Count"),
        "Throttles": (0, "Count"),
        # As exact as REPORT says it.
        "Duration": (round(done.duration_ms, 2), "Milliseconds"),
    }


def _publish(
    region: str, namespace: str, data: _Data, dimensions: dict[str, str], at: float
) -> None:
    store = metrics.of(region)
    for name, (value, unit) in data.items():
        metric = Metric.of(namespace, name, **dimensions)
        store.record(metric, float(value), at=at, unit=unit)
