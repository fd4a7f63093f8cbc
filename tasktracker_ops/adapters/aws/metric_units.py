"""The units of AWS's metrics, which GetMetricData does not return, and what they mean.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html and
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
"""

from __future__ import annotations

from tasktracker_ops.models.dashboard import Metric

_NAMES = {
    "AWS/Lambda": {
        "Count": (
            "Invocations",
            "Errors",
            "Throttles",
            "DeadLetterErrors",
            "DestinationDeliveryFailures",
            "RecursiveInvocationsDropped",
            "ConcurrentExecutions",
            "UnreservedConcurrentExecutions",
            "ClaimedAccountConcurrency",
            "ProvisionedConcurrentExecutions",
            "ProvisionedConcurrencyInvocations",
            "ProvisionedConcurrencySpilloverInvocations",
            "AsyncEventsReceived",
            "AsyncEventsDropped",
        ),
        "Milliseconds": (
            "Duration",
            "PostRuntimeExtensionsDuration",
            "IteratorAge",
            "AsyncEventAge",
        ),
    },
    "AWS/ApiGateway": {
        "Count": ("Count", "4xx", "5xx"),
        "Milliseconds": ("Latency", "IntegrationLatency"),
        "Bytes": ("DataProcessed",),
    },
}

_CONCURRENCY = {
    "ConcurrentExecutions",
    "UnreservedConcurrentExecutions",
    "ClaimedAccountConcurrency",
    "ProvisionedConcurrentExecutions",
}


def is_meaningful(statistic: str, metric: Metric) -> bool:
    """Return whether a statistic of CloudWatch says something about the metric.

    Only the sum of what is counted does, where each sample is a 0 or a 1; and no sum of durations
    or of a concurrency.
    """
    if metric.name in _CONCURRENCY:
        return statistic in {"Average", "Maximum"}
    return {"Count": statistic == "Sum", "Milliseconds": statistic != "Sum"}.get(
        unit(metric) or "", True
    )


def unit(metric: Metric) -> str | None:
    """Return the metric's unit as CloudWatch names it; None for a metric not listed here."""
    units = _NAMES.get(metric.namespace, {}).items()
    return next((unit for unit, names in units if metric.name in names), None)
