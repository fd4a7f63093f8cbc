"""CloudWatch's operations on metrics, in moto's own objects so that every client sees them.

GetMetricData is the one that the CLI asks, for statistics of metrics only. What is more than that
is refused by name: a NotImplementedError becomes the answer NotImplemented.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from . import metrics
from .metrics import MetricId, is_statistic


def refuse_custom_metrics(request: CloudWatchResponse) -> NoReturn:
    """Refuse PutMetricData."""
    raise NotImplementedError("there are the metrics of functions and HTTP APIs only")


def refuse_for_get_metric_data(request: CloudWatchResponse) -> NoReturn:
    """Refuse what GetMetricData answers too."""
    raise NotImplementedError("use GetMetricData")


def get_metric_data(request: CloudWatchResponse) -> ActionResult:
    """Answer GetMetricData, on a single page.

    Times are rounded to whole minutes outwards; periods are counted from the start.
    """
    refuse_parameters(request, "MaxDatapoints", "NextToken")
    parameters = request._get_params()
    start, end = (_epoch(parameters[name]) for name in ("StartTime", "EndTime"))
    if start >= end:
        raise ValidationError("The parameter EndTime must be greater than StartTime.")
    queries = parameters.get("MetricDataQueries") or []
    for query in queries:
        _check(query)
    ascending = parameters.get("ScanBy") == "TimestampAscending"
    results = []
    for query in queries:
        if query.get("ReturnData", True):
            begin, until = int(start // 60 * 60), math.ceil(end / 60) * 60
            points = _points(request.region, query["MetricStat"], begin, until)
            times = sorted(points, reverse=not ascending)
            results.append(
                {
                    "Id": query["Id"],
                    "Label": query.get("Label") or query["MetricStat"]["Metric"]["MetricName"],
                    "Timestamps": [datetime.fromtimestamp(at, UTC) for at in times],
                    "Values": [points[at] for at in times],
                    "StatusCode": "Complete",
                }
            )
    return ActionResult({"MetricDataResults": results})


def refuse_parameters(request: CloudWatchResponse, *names: str) -> None:
    """Refuse a request that has one of these parameters."""
    for name in names:
        if request._get_param(name) is not None:
            raise NotImplementedError(f"the parameter {name}")


def _check(query: Mapping[str, Any]) -> None:
    if expression := query.get("Expression"):
        raise NotImplementedError(f"the expression {expression!r}")
    stat = query.get("MetricStat")
    if not stat:
        raise ValidationError(f"The query {query['Id']} has no MetricStat.")
    if not is_statistic(stat["Stat"]):
        raise NotImplementedError(f"the statistic {stat['Stat']!r}")
    if stat.get("Unit"):
        raise NotImplementedError(f"the unit {stat['Unit']!r} of a query")
    if int(stat["Period"]) <= 0 or int(stat["Period"]) % 60:
        raise ValidationError("The parameter Period must be a multiple of 60.")


def _points(region: str, stat: Mapping[str, Any], start: int, end: int) -> dict[int, float]:
    named = stat["Metric"]
    dimensions = {pair["Name"]: pair["Value"] for pair in named.get("Dimensions") or ()}
    metric = MetricId.of(named["Namespace"], named["MetricName"], **dimensions)
    return metrics.of(region).points(metric, stat["Stat"], start, end, int(stat["Period"]))


def _epoch(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
