"""Metrics of the emulator, asked for with boto3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

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
