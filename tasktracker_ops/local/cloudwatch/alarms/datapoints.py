"""What an alarm watches: the datapoints of its evaluation range."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tasktracker_ops.local.cloudwatch.alarms.evaluation import Datapoint, Verdict
from tasktracker_ops.local.cloudwatch.alarms.history import timestamp
from tasktracker_ops.local.cloudwatch.metric_math import queries
from tasktracker_ops.local.cloudwatch.metric_math.queries import Query
from tasktracker_ops.local.cloudwatch.metrics import Metric, Metrics

_PERCENTILE = re.compile(r"p(\d+(?:\.\d+)?)")


def of(store: Metrics, alarm: Any, now: float) -> list[Datapoint]:
    """Return one datapoint more than there are evaluation periods, oldest first.

    The newest period ends now, wherever in a minute that is: CloudWatch, too, evaluates the last
    five minutes every minute. Raises ExpressionError, UnknownStatistic.
    """
    length = period(alarm)
    end = math.floor(now) + 1
    start = end - (int(alarm.evaluation_periods) + 1) * length
    results = queries.evaluate(store, _queries(alarm), start, end)
    points = results[0].points if results else {}
    return [
        Datapoint(datetime.fromtimestamp(begin, UTC), points.get(begin))
        for begin in range(start, end, length)
    ]


def period(alarm: Any) -> int:
    """Return the length of one of the alarm's periods in seconds."""
    return longest_period(alarm.period, alarm.metric_data_queries)


def longest_period(period: int | None, watched: Iterable[Any]) -> int:
    """Return that of an alarm on one metric, or the longest of moto's metric queries."""
    lengths = [each.metric_stat.period if each.metric_stat else each.period for each in watched]
    return int(period or max((int(each) for each in lengths if each), default=60))


def has_too_few_samples(store: Metrics, alarm: Any, now: float) -> bool:
    """Tell whether a percentile is to be left unjudged, for it is one of too few samples.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
    """
    percentile = _PERCENTILE.fullmatch(alarm.extended_statistic or "")
    if alarm.evaluate_low_sample_count_percentile != "ignore" or percentile is None:
        return False
    rarer = min(Decimal(percentile[1]), 100 - Decimal(percentile[1]))
    metric = _metric(alarm.namespace, alarm.metric_name, alarm.dimensions)
    end = math.floor(now) + 1
    start = end - int(alarm.evaluation_periods) * period(alarm)
    count = store.statistic(metric, "SampleCount", start, end, unit=alarm.unit) or 0
    return Decimal(count) * rarer < 1000


def reason_data(store: Metrics, alarm: Any, verdict: Verdict, now: datetime) -> str:
    """Return the JSON of an alarm's StateReasonData."""
    real = [each for each in verdict.datapoints if each.value is not None]
    told: dict[str, Any] = {"version": "1.0", "queryDate": timestamp(now)}
    if real:
        told["startDate"] = timestamp(real[0].at)
    if alarm.unit:
        told["unit"] = alarm.unit
    if statistic := alarm.statistic or alarm.extended_statistic:
        told["statistic"] = statistic
    return json.dumps(
        {
            **told,
            "period": period(alarm),
            "recentDatapoints": [each.value for each in real],
            "threshold": float(alarm.threshold),
            "evaluatedDatapoints": [
                _told(store, alarm, each) for each in reversed(verdict.datapoints)
            ],
        }
    )


def _told(store: Metrics, alarm: Any, datapoint: Datapoint) -> dict[str, Any]:
    told: dict[str, Any] = {"timestamp": timestamp(datapoint.at)}
    if datapoint.value is None:
        return told
    if not alarm.metric_data_queries:
        metric = _metric(alarm.namespace, alarm.metric_name, alarm.dimensions)
        begin = datapoint.at.timestamp()
        told["sampleCount"] = store.statistic(
            metric, "SampleCount", begin, begin + period(alarm), unit=alarm.unit
        )
    return {**told, "value": datapoint.value}


def _queries(alarm: Any) -> list[Query]:
    """Return what the alarm asks for; the first result is what it watches."""
    if not alarm.metric_data_queries:
        metric = _metric(alarm.namespace, alarm.metric_name, alarm.dimensions)
        stat = alarm.statistic or alarm.extended_statistic
        return [Query("m1", metric, stat, period=period(alarm), unit=alarm.unit)]
    return [_query(query) for query in alarm.metric_data_queries]


def _query(query: Any) -> Query:
    watched = query.return_data in (None, True, "true")
    length = int(query.period) if query.period else None
    if query.metric_stat is None:
        return Query(query.id, expression=query.expression, period=length, return_data=watched)
    stat = query.metric_stat
    return Query(
        query.id,
        _metric(stat.metric.namespace, stat.metric.metric_name, stat.metric.dimensions),
        stat.stat,
        period=int(stat.period),
        unit=stat.unit,
        return_data=watched,
    )


def _metric(namespace: str, name: str, dimensions: list[Any]) -> Metric:
    return Metric(namespace, name, tuple(sorted((each.name, each.value) for each in dimensions)))
