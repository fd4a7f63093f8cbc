"""Publish the metrics of invocations and requests, under the names and dimensions of AWS.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
"""

from __future__ import annotations

from collections.abc import Mapping

from tasktracker_ops.emulator.gateway.gateway import ApiRequest
from tasktracker_ops.emulator.lambda_runtime.runtime import Invocation

from . import metrics
from .metrics import MetricId

_LAMBDA = "AWS/Lambda"
_API_GATEWAY = "AWS/ApiGateway"


def publish_invocation(invocation: Invocation) -> None:
    """Publish an invocation with the time at which it was invoked, as Lambda does.

    By function, by resource (`name` or `name:qualifier`), for an alias by the version it led to,
    and for the account; ConcurrentExecutions by function.
    """
    at = invocation.started_at.timestamp()
    function = {"FunctionName": invocation.function_name}
    qualified = (
        f"{invocation.function_name}:{invocation.qualifier}"
        if invocation.qualifier
        else invocation.function_name
    )
    resource = {**function, "Resource": qualified}
    groups: list[dict[str, str]] = [{}, function, resource]
    if invocation.qualifier not in (None, invocation.version):
        groups.append({**resource, "ExecutedVersion": invocation.version})
    for dimensions in groups:
        _publish(invocation.region, _LAMBDA, _outcome(invocation), dimensions, at)
    if not invocation.throttled:
        concurrency = {"ConcurrentExecutions": invocation.concurrency}
        _publish(invocation.region, _LAMBDA, concurrency, function, at)


def publish_request(request: ApiRequest) -> None:
    """Publish a request with the time at which it came in, by API and by stage."""
    values: dict[str, float] = {
        "Count": 1,
        "4xx": 400 <= request.status < 500,
        "5xx": request.status >= 500,
        "Latency": request.latency_ms,
    }
    if request.integration_latency_ms is not None:
        values["IntegrationLatency"] = request.integration_latency_ms
    at = request.started_at.timestamp()
    api = {"ApiId": request.api_id}
    for dimensions in (api, {**api, "Stage": request.stage}):
        _publish(request.region, _API_GATEWAY, values, dimensions, at)


def _outcome(invocation: Invocation) -> Mapping[str, float]:
    if invocation.throttled:
        return {"Throttles": 1}
    return {
        "Invocations": 1,
        "Errors": invocation.error is not None,
        "Throttles": 0,
        # As exact as in the REPORT line.
        "Duration": round(invocation.duration_ms, 2),
    }


def _publish(
    region: str, namespace: str, values: Mapping[str, float], dimensions: dict[str, str], at: float
) -> None:
    store = metrics.of(region)
    for name, value in values.items():
        store.record(MetricId.of(namespace, name, **dimensions), float(value), at=at)
