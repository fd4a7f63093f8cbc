"""CloudWatch's operations on alarms, where moto's lack something."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterValue, ValidationError
from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from tasktracker_ops.local.cloudwatch import statistics
from tasktracker_ops.local.cloudwatch.alarms import datapoints
from tasktracker_ops.local.cloudwatch.alarms.alarms import Alarms
from tasktracker_ops.local.cloudwatch.alarms.history import HistoryItem
from tasktracker_ops.local.cloudwatch.pages import InvalidNextToken

_MOST_RECORDS = 100
_HOUR = 3600
_DAY = 24 * _HOUR

# moto's own, however often ours are put around them.
_put = CloudWatchBackend.put_metric_alarm
_delete = CloudWatchBackend.delete_alarms
_describe = CloudWatchResponse.describe_alarms


def install(alarms: Alarms) -> None:
    """Have moto's alarms begin, change and end as `alarms` has it, and tell their history."""

    def put_metric_alarm(backend: CloudWatchBackend, name: str, **configuration: Any) -> Any:
        _check(configuration)
        # moto takes no extended statistics but percentiles.
        extended_statistic = configuration.pop("extended_statistic", None)

        def store() -> Alarm:
            alarm = _put(backend, name=name, **configuration)
            alarm.extended_statistic = extended_statistic
            return alarm

        return alarms.put(name, backend, store)

    def delete_alarms(backend: CloudWatchBackend, alarm_names: list[str]) -> None:
        alarms.delete(alarm_names, backend, lambda: _delete(backend, alarm_names))

    def update_state(alarm: Alarm, reason: str, reason_data: str, state_value: str) -> None:
        alarms.change(alarm, state_value, reason, reason_data)

    replacements: dict[tuple[type, str], Callable[..., Any]] = {
        (CloudWatchBackend, "put_metric_alarm"): put_metric_alarm,
        (CloudWatchBackend, "delete_alarms"): delete_alarms,
        (Alarm, "update_state"): update_state,
        (CloudWatchResponse, "describe_alarms"): _describe_alarms(alarms),
        (CloudWatchResponse, "describe_alarm_history"): _describe_alarm_history(alarms),
    }
    for (owner, name), replacement in replacements.items():
        setattr(owner, name, replacement)


def _check(configuration: Mapping[str, Any]) -> None:
    """Refuse what CloudWatch refuses, in its words.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """
    stat = configuration.get("extended_statistic")
    if stat and not statistics.is_known(stat):
        text = f"The value {stat} for parameter ExtendedStatistic is not supported."
        raise InvalidParameterValue(text)
    number = configuration.get("evaluation_periods") or 0
    if (configuration.get("datapoints_to_alarm") or 0) > number:
        raise ValidationError("DatapointsToAlarm must be less than or equal to EvaluationPeriods")
    length = datapoints.longest_period(
        configuration.get("period"), configuration.get("metric_data_queries") or ()
    )
    span, limit, bound = (
        ("day", _DAY, "period < 3600") if length < _HOUR else ("week", 7 * _DAY, "period >= 3600")
    )
    if number * length > limit:
        raise ValidationError(
            f"Metrics cannot be checked across more than a {span} (EvaluationPeriods * Period "
            f"must be <= {limit}) for alarms using {bound}"
        )


def _describe_alarms(alarms: Alarms) -> Callable[[CloudWatchResponse], ActionResult]:
    """Return the operation DescribeAlarms: moto's, in pages, and not amid a change."""

    def describe_alarms(request: CloudWatchResponse) -> ActionResult:
        with alarms.turn:
            found: Any = _describe(request).result
        both = [("MetricAlarms", each) for each in found["MetricAlarms"]]
        both += [("CompositeAlarms", each) for each in found["CompositeAlarms"]]
        first = _token(request)
        end = first + _limit(request, len(both))
        page = both[first:end]
        return ActionResult(
            {
                **{kind: [each for of, each in page if of == kind] for kind in found},
                "NextToken": str(end) if end < len(both) else None,
            }
        )

    return describe_alarms


def _describe_alarm_history(alarms: Alarms) -> Callable[[CloudWatchResponse], ActionResult]:
    """Return the operation DescribeAlarmHistory.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
    """

    def describe_alarm_history(request: CloudWatchResponse) -> ActionResult:
        name, kind = request._get_param("AlarmName"), request._get_param("HistoryItemType")
        start, end = (_utc(request._get_param(each)) for each in ("StartDate", "EndDate"))

        def wanted(item: HistoryItem) -> bool:
            return (
                name in (None, item.alarm_name)
                and kind in (None, item.history_item_type)
                and (start is None or item.timestamp >= start)
                and (end is None or item.timestamp <= end)
            )

        ascending = request._get_param("ScanBy") == "TimestampAscending"
        items = alarms.history.items(request.region, wanted)[:: 1 if ascending else -1]
        # The token is the last item told, so that items that come meanwhile shift nothing.
        if told := _token(request):
            items = [
                each for each in items if (each.number > told) == ascending and each.number != told
            ]
        number = _limit(request, _MOST_RECORDS)
        page, rest = items[:number], items[number:]
        token = str(page[-1].number) if rest else None
        return ActionResult({"AlarmHistoryItems": page, "NextToken": token})

    return describe_alarm_history


def _token(request: CloudWatchResponse) -> int:
    token = request._get_param("NextToken") or "0"
    if not token.isdecimal():
        raise InvalidNextToken
    return int(token)


def _limit(request: CloudWatchResponse, default: int) -> int:
    return int(request._get_param("MaxRecords") or default)


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at
