"""The units of AWS's metrics, which GetMetricData does not return.

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


def unit(metric: Metric) -> str | None:
    """Return the metric's unit as CloudWatch names it; None for a metric not listed here."""
    units = _NAMES.get(metric.namespace, {}).items()
    return next((unit for unit, names in units if metric.name in names), None)
