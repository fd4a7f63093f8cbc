"""Publish the metrics of invocations and requests, under the names and dimensions of AWS.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from tasktracker_ops.emulator import changes
from tasktracker_ops.emulator.gateway.gateway import ApiRequest
from tasktracker_ops.emulator.lambda_runtime.runtime import Invocation

from . import metrics
from .metrics import MetricId

_LAMBDA = "AWS/Lambda"
_LAMBDA_METRICS = ("Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions")
_API_GATEWAY = "AWS/ApiGateway"
_API_METRICS = ("Count", "4xx", "5xx", "Latency", "IntegrationLatency")
_KEPT = 256


def publish_invocation(invocation: Invocation) -> None:
    """Publish an invocation with the time at which it was invoked, as Lambda does.

    By function, by resource (`name` or `name:qualifier`), for an alias by the version it led to,
    and for the account; ConcurrentExecutions by function.
    """
    values = _outcome(invocation)
    groups = _of_function(invocation.function_name, invocation.qualifier, invocation.version)
    samples = [(group[name], value) for group in groups for name, value in values.items()]
    if not invocation.throttled:
        samples.append((groups[1]["ConcurrentExecutions"], float(invocation.concurrency)))
    with changes.access():
        metrics.of(invocation.region).record(samples, at=invocation.started_at.timestamp())


def publish_request(request: ApiRequest) -> None:
    """Publish a request with the time at which it came in, by API and by stage."""
    values = {
        "Count": 1.0,
        "4xx": float(400 <= request.status < 500),
        "5xx": float(request.status >= 500),
        "Latency": request.latency_ms,
    }
    if request.integration_latency_ms is not None:
        values["IntegrationLatency"] = request.integration_latency_ms
    groups = _of_api(request.api_id, request.stage)
    samples = [(group[name], value) for group in groups for name, value in values.items()]
    with changes.access():
        metrics.of(request.region).record(samples, at=request.started_at.timestamp())


def _outcome(invocation: Invocation) -> Mapping[str, float]:
    if invocation.throttled:
        return {"Throttles": 1.0}
    return {
        "Invocations": 1.0,
        "Errors": float(invocation.error is not None),
        "Throttles": 0.0,
        # As exact as in the REPORT line.
        "Duration": round(invocation.duration_ms, 2),
    }


# Kept, since it takes as long to name the metrics of a request as to record them.
@lru_cache(maxsize=_KEPT)
def _of_function(
    name: str, qualifier: str | None, version: str
) -> Sequence[Mapping[str, MetricId]]:
    """Return the metrics of a function by their names: of the account, the function, and more."""
    function = {"FunctionName": name}
    resource = {**function, "Resource": f"{name}:{qualifier}" if qualifier else name}
    groups: list[dict[str, str]] = [{}, function, resource]
    if qualifier not in (None, version):
        groups.append({**resource, "ExecutedVersion": version})
    return [_named(_LAMBDA, _LAMBDA_METRICS, dimensions) for dimensions in groups]


@lru_cache(maxsize=_KEPT)
def _of_api(api_id: str, stage: str) -> Sequence[Mapping[str, MetricId]]:
    """Return the metrics of an API by their names: of all of it, and of the stage."""
    api = {"ApiId": api_id}
    groups = (api, {**api, "Stage": stage})
    return [_named(_API_GATEWAY, _API_METRICS, dimensions) for dimensions in groups]


def _named(
    namespace: str, names: Iterable[str], dimensions: Mapping[str, str]
) -> Mapping[str, MetricId]:
    return {name: MetricId.of(namespace, name, **dimensions) for name in names}
