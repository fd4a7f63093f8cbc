"""CloudWatch's operations on metrics and alarms; what they lack is refused by name.

A NotImplementedError becomes the error NotImplemented in the protocol of the request.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from moto.cloudwatch.exceptions import ResourceNotFoundException, ValidationError
from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from tasktracker_ops.local.credentials import ACCOUNT_ID

from . import metrics
from .alarms import AlarmEvaluator
from .evaluation import COMPARISONS, MISSING_DATA
from .metrics import MetricId, is_statistic
from .mute_rules import MuteRule, window

_MAX_RECORDS = 100

# moto's own method: `patches.py` replaces it.
_moto_put_metric_alarm = CloudWatchBackend.put_metric_alarm


def get_metric_data(request: CloudWatchResponse) -> ActionResult:
    """Answer GetMetricData for statistics of metrics, on a single page.

    Times are rounded to whole minutes outwards; periods are counted from the start.
    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
    """
    _refuse_parameters(request, "MaxDatapoints", "NextToken")
    parameters = request._get_params()
    start, end = (_utc(parameters[name]).timestamp() for name in ("StartTime", "EndTime"))
    if start >= end:
        raise ValidationError("The parameter EndTime must be greater than StartTime.")
    queries = parameters.get("MetricDataQueries") or []
    for query in queries:
        _check_query(query)
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


def _check_query(query: Mapping[str, Any]) -> None:
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
    metric = stat["Metric"]
    dimensions = {pair["Name"]: pair["Value"] for pair in metric.get("Dimensions") or ()}
    metric_id = MetricId.of(metric["Namespace"], metric["MetricName"], **dimensions)
    return metrics.of(region).points(metric_id, stat["Stat"], start, end, int(stat["Period"]))


def put_metric_alarm(
    backend: CloudWatchBackend, alarms: AlarmEvaluator, name: str, **configuration: Any
) -> Alarm:
    """Put an alarm; refuse what `alarms` does not evaluate."""
    for reason in _not_evaluated(configuration):
        raise NotImplementedError(f"the alarm {name!r} has {reason}")
    put = partial(_moto_put_metric_alarm, backend, name=name, **configuration)
    return alarms.put(backend, name, put)  # type: ignore[no-any-return]


def _not_evaluated(configuration: Mapping[str, Any]) -> Iterator[str]:
    """Yield what of moto's arguments the emulator does not evaluate."""
    if configuration.get("metric_data_queries"):
        yield "metric math"
    statistic = configuration.get("statistic") or configuration.get("extended_statistic") or ""
    if not is_statistic(statistic):
        yield f"the statistic {statistic!r}"
    comparison = configuration.get("comparison_operator")
    if comparison not in COMPARISONS:
        yield f"the comparison {comparison!r}"
    if configuration.get("threshold") is None:
        yield "no threshold"
    missing_data = configuration.get("treat_missing_data") or "missing"
    if missing_data not in MISSING_DATA:
        emulated = " or ".join(map(repr, MISSING_DATA))
        yield f"missing data treated as {missing_data!r}, not as {emulated}"
    if configuration.get("evaluate_low_sample_count_percentile"):
        yield "a rule for percentiles of few samples"
    if unit := configuration.get("unit"):
        yield f"the unit {unit!r}"


def set_alarm_state(
    alarm: Alarm, alarms: AlarmEvaluator, reason: str, reason_data: str, state_value: str
) -> None:
    """Do what SetAlarmState does to an alarm: history and actions included."""
    alarms.change(alarm, state_value, reason)


def describe_alarm_history(request: CloudWatchResponse, alarms: AlarmEvaluator) -> ActionResult:
    """Answer DescribeAlarmHistory, newest items first.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
    """
    _refuse_parameters(request, "AlarmContributorId", "EndDate", "HistoryItemType")
    if request._get_param("ScanBy") == "TimestampAscending":
        raise NotImplementedError("the order TimestampAscending")
    items = alarms.history.newest_first(request.region, request._get_param("AlarmName"))
    if start := request._get_param("StartDate"):
        items = [each for each in items if each.timestamp >= _utc(start)]
    # The token is the number of the last item, so that items that come meanwhile shift nothing.
    if token := request._get_param("NextToken"):
        items = [each for each in items if each.number < int(token)]
    size = int(request._get_param("MaxRecords") or _MAX_RECORDS)
    page = items[:size]
    next_token = str(page[-1].number) if len(items) > size else None
    return ActionResult({"AlarmHistoryItems": page, "NextToken": next_token})


def put_alarm_mute_rule(request: CloudWatchResponse, alarms: AlarmEvaluator) -> ActionResult:
    """Answer PutAlarmMuteRule: store a rule with one window."""
    _refuse_parameters(request, "Tags")
    given = request._get_params()
    begin, end = window(given["Rule"]["Schedule"])
    dates = (given.get("StartDate"), given.get("ExpireDate"))
    start, expire = (each and _utc(each) for each in dates)
    rule = MuteRule(
        given["Name"],
        f"arn:aws:cloudwatch:{request.region}:{ACCOUNT_ID}:alarm-mute-rule:{given['Name']}",
        given.get("Description"),
        given["Rule"],
        given.get("MuteTargets") or {},
        start,
        expire,
        alarms.now(),
        begin,
        end,
    )
    alarms.mute_rules.put(request.region, rule)
    return ActionResult({})


def list_alarm_mute_rules(request: CloudWatchResponse, alarms: AlarmEvaluator) -> ActionResult:
    """Answer ListAlarmMuteRules, by names, on a single page."""
    _refuse_parameters(request, "NextToken")
    given, now = request._get_params(), alarms.now()
    name, statuses = given.get("AlarmName"), given.get("Statuses")
    rules = [
        {"Status": each.status(now), **vars(each)}
        for each in alarms.mute_rules.of(request.region)
        if (name is None or each.targets(name)) and (not statuses or each.status(now) in statuses)
    ]
    return ActionResult({"AlarmMuteRuleSummaries": rules})


def get_alarm_mute_rule(request: CloudWatchResponse, alarms: AlarmEvaluator) -> ActionResult:
    """Answer GetAlarmMuteRule."""
    name = request._get_params()["AlarmMuteRuleName"]
    rule = alarms.mute_rules.get(request.region, name)
    if rule is None:
        raise ResourceNotFoundException
    return ActionResult({"Status": rule.status(alarms.now()), **vars(rule)})


def delete_alarm_mute_rule(request: CloudWatchResponse, alarms: AlarmEvaluator) -> ActionResult:
    """Answer DeleteAlarmMuteRule, which also succeeds where there is no such rule."""
    alarms.mute_rules.delete(request.region, request._get_params()["AlarmMuteRuleName"])
    return ActionResult({})


def _refuse_parameters(request: CloudWatchResponse, *names: str) -> None:
    for name in names:
        if request._get_param(name) is not None:
            raise NotImplementedError(f"the parameter {name}")


def _utc(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)
