"""Publish metrics of what functions and HTTP APIs did, under the names and dimensions of AWS.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
"""

from __future__ import annotations

from collections.abc import Mapping

from tasktracker_ops.emulator.records import ApiRequest, Invocation

from . import metrics
from .metrics import MetricId

_LAMBDA = "AWS/Lambda"
_API_GATEWAY = "AWS/ApiGateway"


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
            _publish(done.region, _LAMBDA, {"ConcurrentExecutions": number}, dimensions, at)


def publish_request(done: ApiRequest) -> None:
    """Publish a request with the time at which it came in, by API and by stage."""
    values: dict[str, float] = {
        "Count": 1,
        "4xx": 400 <= done.status < 500,
        "5xx": done.status >= 500,
        "Latency": done.latency_ms,
    }
    if done.integration_latency_ms is not None:
        values["IntegrationLatency"] = done.integration_latency_ms
    at = done.started_at.timestamp()
    api = {"ApiId": done.api_id}
    for dimensions in (api, {**api, "Stage": done.stage}):
        _publish(done.region, _API_GATEWAY, values, dimensions, at)


def _outcome(done: Invocation) -> Mapping[str, float]:
    if done.throttled:
        return {"Throttles": 1}
    return {
        "Invocations": 1,
        "Errors": done.error is not None,
        "Throttles": 0,
        # As exact as REPORT says it.
        "Duration": round(done.duration_ms, 2),
    }


def _publish(
    region: str, namespace: str, values: Mapping[str, float], dimensions: dict[str, str], at: float
) -> None:
    store = metrics.of(region)
    for name, value in values.items():
        store.record(MetricId.of(namespace, name, **dimensions), float(value), at=at)
