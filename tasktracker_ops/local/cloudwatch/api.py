"""CloudWatch's metric operations, put onto moto's own objects so that every client sees them.

Sources: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.exceptions import (
    InvalidParameterCombination,
    InvalidParameterValue,
    ValidationError,
)
from moto.cloudwatch.models import CloudWatchBackend, MetricDatumBase
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from tasktracker_ops.local.cloudwatch import metrics, pages, statistics
from tasktracker_ops.local.cloudwatch.metric_math import queries
from tasktracker_ops.local.cloudwatch.metric_math.queries import SUB_MINUTE, Query, is_period
from tasktracker_ops.local.cloudwatch.metric_math.series import ExpressionError
from tasktracker_ops.local.cloudwatch.metrics import Metric
from tasktracker_ops.local.cloudwatch.statistics import StatisticSet

_MAX_QUERIES = 500
_MAX_DATA = 1000
_LARGEST = 2.0**360
_MAX_STATISTICS_POINTS = 1440
_MAX_POINTS = 100_800
_ACTIVE_SECONDS = 3 * 3600
_DAY = 24 * 3600


def install() -> None:
    """Have moto answer its metric operations from the embedded account's metrics."""
    CloudWatchBackend.put_metric_data = _put_metric_data  # type: ignore[assignment,method-assign]
    for operation in (_get_metric_data, _get_metric_statistics, _list_metrics):
        setattr(CloudWatchResponse, operation.__name__.removeprefix("_"), operation)


def _put_metric_data(
    backend: CloudWatchBackend, namespace: str, metric_data: list[dict[str, Any]]
) -> None:
    if len(metric_data) > _MAX_DATA:
        text = f"The collection MetricData must not have a size greater than {_MAX_DATA}."
        raise ValidationError(text)
    for number, datum in enumerate(metric_data, 1):
        backend._validate_parameters_put_metric_data(datum, number)
        for name, value in _numbers(datum):
            too_small = value < 0 and name in ("Counts", "SampleCount")
            if too_small or not abs(value) <= _LARGEST:
                parameter = f"MetricData.member.{number}.{name}"
                text = f"The value {value} for parameter {parameter} is invalid."
                raise InvalidParameterValue(text)
    for datum in metric_data:
        _record(backend.region_name, namespace, datum)


def _numbers(datum: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Return every number of a datum with the name of its parameter."""
    single = [("Value", datum.get("Value") or 0)]
    lists = [(name, n) for name in ("Values", "Counts") for n in datum.get(name) or ()]
    return [*single, *lists, *(datum.get("StatisticValues") or {}).items()]


def _record(region: str, namespace: str, datum: Mapping[str, Any]) -> None:
    store, metric = metrics.of(region), _metric({**datum, "Namespace": namespace})
    at = _epoch(datum["Timestamp"]) if datum.get("Timestamp") else time.time()
    unit = datum.get("Unit") or "None"
    if known := datum.get("StatisticValues"):
        numbers = (float(known[name]) for name in ("SampleCount", "Sum", "Minimum", "Maximum"))
        if (values := StatisticSet(*numbers)).count:
            store.record_set(metric, values, at=at, unit=unit)
        return
    values_of = datum.get("Values") or [datum.get("Value", 0)]
    counts = datum.get("Counts") or [1] * len(values_of)
    for value, count in zip(values_of, counts, strict=True):
        if count:
            store.record(metric, float(value), at=at, unit=unit, count=float(count))


def _get_metric_data(request: CloudWatchResponse) -> ActionResult:
    parameters = request._get_params()
    wanted = parameters.get("MetricDataQueries") or []
    start, end = _epoch(parameters["StartTime"]), _epoch(parameters["EndTime"])
    if start > end:
        raise ValidationError("The parameter EndTime must be greater than StartTime.\n")
    if start == end:
        raise ValidationError("The parameter StartTime must not equal parameter EndTime.\n")
    limit = parameters.get("MaxDatapoints") or _MAX_POINTS
    if not 1 <= limit <= _MAX_POINTS:
        text = f"The parameter MaxDatapoints must be between 1 and {_MAX_POINTS}.\n"
        raise ValidationError(text)
    asked = _queries(wanted)
    periods = [query.period for query in asked if query.period]
    begin, until = _rounded(start, end, max(periods, default=60))
    store = metrics.of(request.region)
    try:
        results = queries.evaluate(store, asked, begin, until)
    except ExpressionError as error:
        raise ValidationError(str(error)) from error
    descending = parameters.get("ScanBy") != "TimestampAscending"
    page = pages.cut(results, limit, parameters.get("NextToken"), descending=descending)
    return ActionResult(
        {
            "MetricDataResults": [
                {
                    "Id": part.id,
                    "Label": part.label,
                    "Timestamps": [datetime.fromtimestamp(at, UTC) for at in part.points],
                    "Values": list(part.points.values()),
                    "StatusCode": "Complete" if part.complete else "PartialData",
                }
                for part in page.parts
            ],
            "NextToken": page.next_token,
        }
    )


def _get_metric_statistics(request: CloudWatchResponse) -> ActionResult:
    parameters = request._get_params()
    plain = parameters.get("Statistics") or []
    extended = parameters.get("ExtendedStatistics") or []
    period = int(parameters["Period"])
    start, end = _epoch(parameters["StartTime"]), _epoch(parameters["EndTime"])
    _check_statistics(plain, extended, period)
    if start >= end:
        text = "The parameter StartTime must be less than the parameter EndTime."
        raise InvalidParameterValue(text)
    start, end = _rounded(start, end, period)
    if (end - start) / period > _MAX_STATISTICS_POINTS:
        raise InvalidParameterCombination(
            f"You have requested up to {(end - start) // period:,} datapoints, which exceeds the "
            f"limit of {_MAX_STATISTICS_POINTS:,}. You may reduce the datapoints requested by "
            "increasing Period, or decreasing the time range."
        )
    metric, store = _metric(parameters), metrics.of(request.region)
    unit = parameters.get("Unit")
    points: list[dict[str, Any]] = []
    # Samples of different units are different data, here only.
    for name in [unit] if unit else store.units(metric, start, end):
        by_stat = {
            stat: store.points(metric, stat, start, end, period, unit=name)
            for stat in (*plain, *extended)
        }
        for at in sorted({at for found in by_stat.values() for at in found}):
            values = {stat: found[at] for stat, found in by_stat.items() if at in found}
            points.append(
                {
                    "Timestamp": datetime.fromtimestamp(at, UTC),
                    "Unit": name,
                    **{stat: values[stat] for stat in plain if stat in values},
                    "ExtendedStatistics": {s: values[s] for s in extended if s in values} or None,
                }
            )
    return ActionResult({"Label": metric.name, "Datapoints": points})


def _list_metrics(request: CloudWatchResponse) -> ActionResult:
    backend, token = request.cloudwatch_backend, request._get_param("NextToken")
    if token:
        # What a token continues is kept by moto.
        next_token, page = backend.list_metrics(token, "", "", [])
        return ActionResult({"Metrics": page, "NextToken": next_token})
    store, oldest = metrics.of(request.region), time.time() - _ACTIVE_SECONDS
    known = [
        _listed(metric)
        for metric in store.metrics()
        if not request._get_param("RecentlyActive") or store.latest(metric) >= oldest
    ]
    found = [
        metric
        for metric in [*known, *backend.aws_metric_data]
        if metric.filter(
            request._get_param("Namespace"),
            request._get_param("MetricName"),
            request._get_param("Dimensions") or [],
        )
    ]
    next_token, page = backend._get_paginated(found)
    return ActionResult({"Metrics": page, "NextToken": next_token})


def _queries(wanted: list[dict[str, Any]]) -> list[Query]:
    """Read the queries; every fault of theirs becomes a line of one ValidationError."""
    if len(wanted) > _MAX_QUERIES:
        text = f"The collection MetricDataQueries must not have a size greater than {_MAX_QUERIES}."
        raise ValidationError(text)
    ids = [query["Id"] for query in wanted]
    if len(set(ids)) < len(ids):
        raise ValidationError("The values for parameter id in MetricDataQueries are not unique.\n")
    faults = [fault for n, query in enumerate(wanted, 1) for fault in _faults(query, n)]
    if faults:
        raise ValidationError("".join(f"{fault}\n" for fault in faults))
    return [_query(query) for query in wanted]


def _faults(query: Mapping[str, Any], number: int) -> list[str]:
    name = f"MetricDataQueries.member.{number}"
    stat, expression = query.get("MetricStat"), query.get("Expression") or ""
    if not stat and not expression:
        return [f"The parameter {name}.MetricStat is required."]
    if stat and expression:
        both = f"{name}.Expression and {name}.MetricStat"
        return [f"The parameters {both} are mutually exclusive and you have specified both."]
    faults = []
    if not re.fullmatch("[a-z][a-zA-Z0-9_]*", query["Id"]):
        faults.append(
            f"The value {query['Id']} for parameter {name}.Id is not matching the "
            "expected pattern ^[a-z][a-zA-Z0-9_]*$."
        )
    if stat:
        if not statistics.is_known(stat["Stat"]):
            faults.append(
                f"The value {stat['Stat']} for parameter {name}.MetricStat.Stat is not "
                "a valid statistic."
            )
        if not is_period(int(stat["Period"])):
            faults.append(f"The parameter {name}.MetricStat.Period must be a multiple of 60.")
    elif not is_period(query.get("Period", 60)):
        faults.append(f"The parameter {name}.Period must be a multiple of 60.")
    elif expression.lstrip().upper().startswith("SELECT "):
        faults.append(f"Error in expression '{query['Id']}': Metrics Insights is not emulated")
    return faults


def _query(query: Mapping[str, Any]) -> Query:
    stat = query.get("MetricStat")
    return Query(
        query["Id"],
        metric=_metric(stat["Metric"]) if stat else None,
        stat=stat["Stat"] if stat else "",
        expression=query.get("Expression") or "",
        period=int(stat["Period"]) if stat else query.get("Period"),
        unit=stat.get("Unit") if stat else None,
        label=query.get("Label"),
        return_data=query.get("ReturnData", True),
    )


def _check_statistics(plain: list[str], extended: list[str], period: int) -> None:
    if not plain and not extended:
        text = "Must specify either Statistics or ExtendedStatistics"
        raise InvalidParameterCombination(text)
    for stat in extended:
        if not statistics.is_known(stat):
            text = f"The value {stat} for parameter ExtendedStatistics is not supported."
            raise InvalidParameterValue(text)
    if not is_period(period):
        raise InvalidParameterValue("The parameter Period must be a multiple of 60.")


def _rounded(start: float, end: float, period: int) -> tuple[int, int]:
    """Round the times of a request as documented for StartTime; periods are counted from there.

    What is kept by the minute is there for the whole minute in which the request ends.
    """
    if period in SUB_MINUTE:
        return int(start // period * period), int(end // period * period)
    age = time.time() - start
    grain = 60 if age < 15 * _DAY else 300 if age < 63 * _DAY else 3600
    return int(start // grain * grain), math.ceil(end / 60) * 60


def _metric(described: Mapping[str, Any]) -> Metric:
    dimensions = {pair["Name"]: pair["Value"] for pair in described.get("Dimensions") or ()}
    return Metric.of(described["Namespace"], described["MetricName"], **dimensions)


def _listed(metric: Metric) -> MetricDatumBase:
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    return MetricDatumBase(metric.namespace, metric.name, dimensions, None)


def _epoch(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
