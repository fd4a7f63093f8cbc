"""Alarms of the emulator, put and read with boto3."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tasktracker_ops.emulator.cloudwatch import metrics
from tasktracker_ops.emulator.cloudwatch.metrics import MetricId

REGION = "eu-west-3"
ACCOUNT = "123456789012"
Eventually = Callable[[Callable[[], bool]], None]


def put_alarm(watched: Any, name: str, **options: Any) -> None:
    """Put an alarm on the sum of a metric of its name, but for `options`; None leaves one out."""
    defaults: dict[str, Any] = {
        "AlarmName": name,
        "AlarmDescription": "Of a test.",
        "Namespace": "Test",
        "MetricName": name,
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "DatapointsToAlarm": 1,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    given = {key: value for key, value in {**defaults, **options}.items() if value is not None}
    watched[0].client("cloudwatch").put_metric_alarm(**given)


def set_state(watched: Any, name: str, state: str) -> None:
    """Set an alarm's state by hand."""
    watched[0].client("cloudwatch").set_alarm_state(
        AlarmName=name, StateValue=state, StateReason="by hand"
    )


def described(watched: Any, name: str) -> dict[str, Any]:
    """Return an alarm as DescribeAlarms answers it."""
    found = watched[0].client("cloudwatch").describe_alarms(AlarmNames=[name])
    return dict(found["MetricAlarms"][0])


def state_of(watched: Any, name: str) -> str:
    """Return an alarm's state."""
    return str(described(watched, name)["StateValue"])


def history_of(watched: Any, name: str, kind: str | None = None, **options: Any) -> list[Any]:
    """Return the items of an alarm's history, the newest first."""
    cloudwatch = watched[0].client("cloudwatch")
    found = cloudwatch.describe_alarm_history(AlarmName=name, **options)["AlarmHistoryItems"]
    return [item for item in found if kind in (None, item["HistoryItemType"])]


def summaries_of(watched: Any, name: str, kind: str | None = None) -> list[str]:
    """Return their summaries."""
    return [item["HistorySummary"] for item in history_of(watched, name, kind)]


def record(name: str, value: float = 1.0, at: float | None = None, **dimensions: str) -> None:
    """Record a sample of a metric in the namespace Test."""
    metric = MetricId.of("Test", name, **dimensions)
    metrics.of(REGION).record(metric, value, at=at or time.time())
