"""Requests to CloudWatch: put and read alarms, record and query metrics."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tasktracker_ops.emulator.cloudwatch import metrics
from tasktracker_ops.emulator.cloudwatch.metrics import MetricId

REGION = "eu-west-3"
ACCOUNT = "123456789012"
Eventually = Callable[[Callable[[], bool]], None]


def put_alarm(aws: Any, name: str, **options: Any) -> None:
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
    aws.client("cloudwatch").put_metric_alarm(**given)


def set_state(aws: Any, name: str, state: str) -> None:
    """Set an alarm's state by hand."""
    aws.client("cloudwatch").set_alarm_state(
        AlarmName=name, StateValue=state, StateReason="by hand"
    )


def describe_alarm(aws: Any, name: str) -> dict[str, Any]:
    """Return an alarm as DescribeAlarms answers it."""
    found = aws.client("cloudwatch").describe_alarms(AlarmNames=[name])
    return dict(found["MetricAlarms"][0])


def state_of(aws: Any, name: str) -> str:
    """Return an alarm's state."""
    return str(describe_alarm(aws, name)["StateValue"])


def history_of(aws: Any, name: str, kind: str | None = None, **options: Any) -> list[Any]:
    """Return the items of an alarm's history, the newest first."""
    cloudwatch = aws.client("cloudwatch")
    found = cloudwatch.describe_alarm_history(AlarmName=name, **options)["AlarmHistoryItems"]
    return [item for item in found if kind in (None, item["HistoryItemType"])]


def summaries_of(aws: Any, name: str, kind: str | None = None) -> list[str]:
    """Return the summaries of an alarm's history, the newest first."""
    return [item["HistorySummary"] for item in history_of(aws, name, kind)]


def record(name: str, value: float = 1.0, at: float | None = None, **dimensions: str) -> None:
    """Record a sample of a metric in the namespace Test."""
    metric = MetricId.of("Test", name, **dimensions)
    metrics.of(REGION).record([(metric, value)], at=at or time.time())


MINUTE = timedelta(minutes=1)
# Aligned to the hour, and old enough for everything to lie in the past.
HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)


@dataclass
class CloudWatch:
    """Shorthand for GetMetricData."""

    client: Any

    def data(self, *queries: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
        """Return the results of GetMetricData, oldest value first."""
        times = {"StartTime": HOUR, "EndTime": HOUR + 60 * MINUTE, "ScanBy": "TimestampAscending"}
        answer = self.client.get_metric_data(
            MetricDataQueries=list(queries), **{**times, **options}
        )
        return list(answer["MetricDataResults"])

    def sum(self, namespace: str, name: str, stat: str = "Sum", **dimensions: str) -> float | None:
        """Return a statistic of the last ten minutes."""
        now = datetime.now(UTC)
        span = {"StartTime": now - 10 * MINUTE, "EndTime": now + MINUTE}
        query = statistic("m1", namespace, name, stat, period=86400, **dimensions)
        [result] = self.data(query, **span)
        assert len(result["Values"]) <= 1
        return result["Values"][0] if result["Values"] else None


def statistic(
    id: str, namespace: str, name: str, stat: str = "Sum", *, period: int = 60, **dimensions: str
) -> dict[str, Any]:
    """Return a query for a statistic."""
    pairs = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": pairs}
    return {"Id": id, "MetricStat": {"Metric": metric, "Stat": stat, "Period": period}}


def error_of(call: Callable[[], Any]) -> str:
    """Return code and message of the error that a call ends with."""
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message'].strip()}"
