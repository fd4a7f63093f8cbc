"""The headline of `metrics`: how many requests there were, and how they went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tasktracker_ops.models.dashboard import Headline, Metric, Query, Series

if TYPE_CHECKING:
    from tasktracker_ops.models.deployment import Deployment


def headline_queries(deployment: Deployment, length: int) -> list[Query]:
    """Return the queries of the headline, each with one period of `length` seconds."""
    api = (("ApiId", deployment.api_id),)
    function = (("FunctionName", deployment.function_name),)
    latency = Metric("AWS/ApiGateway", "Latency", api)
    metrics = {
        "requests": (Metric("AWS/ApiGateway", "Count", api), "Sum"),
        "errors": (Metric("AWS/ApiGateway", "5xx", api), "Sum"),
        "p50": (latency, "p50"),
        "p95": (latency, "p95"),
        "p99": (latency, "p99"),
        "throttles": (Metric("AWS/Lambda", "Throttles", function), "Sum"),
    }
    return [Query(name, metric, None, stat, length) for name, (metric, stat) in metrics.items()]


def headline(group: Mapping[str, Sequence[Series]]) -> Headline:
    """Return the headline that the answers to its queries make."""

    def value(name: str) -> float | None:
        return next((point for each in group.get(name, ()) for point in each.points.values()), None)

    requests, errors = value("requests"), value("errors")
    rate = None if not requests or errors is None else errors / requests
    return Headline(
        requests=requests,
        errors=errors,
        error_rate=rate,
        p50=value("p50"),
        p95=value("p95"),
        p99=value("p99"),
        throttles=value("throttles"),
    )
