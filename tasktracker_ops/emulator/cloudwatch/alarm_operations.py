"""CloudWatch's operations on alarms, where moto's lack something.

What an alarm uses and the emulator does not evaluate is refused by name, when the alarm is put.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from .alarms import Alarms
from .api import refuse_parameters
from .evaluation import COMPARISONS
from .metrics import is_statistic

_MAX_RECORDS = 100

# moto's own, however often ours are put around it.
_put_metric_alarm = CloudWatchBackend.put_metric_alarm


def put_metric_alarm(alarms: Alarms) -> Callable[..., Alarm]:
    """Return what stores an alarm's configuration."""

    def put(backend: CloudWatchBackend, name: str, **configuration: Any) -> Any:
        for refused in _not_evaluated(configuration):
            raise NotImplementedError(f"the alarm {name!r} has {refused}")
        return alarms.put(
            backend, name, lambda: _put_metric_alarm(backend, name=name, **configuration)
        )

    return put


def update_state(alarms: Alarms) -> Callable[[Alarm, str, str, str], None]:
    """Return what SetAlarmState does to an alarm."""

    def update(alarm: Alarm, reason: str, reason_data: str, state_value: str) -> None:
        alarms.change(alarm, state_value, reason)

    return update


def describe_alarm_history(alarms: Alarms) -> Callable[[CloudWatchResponse], ActionResult]:
    """Return the operation DescribeAlarmHistory, newest items first.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
    """

    def describe(request: CloudWatchResponse) -> ActionResult:
        refuse_parameters(request, "AlarmContributorId", "EndDate", "HistoryItemType")
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
        more = str(page[-1].number) if len(items) > size else None
        return ActionResult({"AlarmHistoryItems": page, "NextToken": more})

    return describe


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
    missing = configuration.get("treat_missing_data") or "missing"
    if missing != "notBreaching":
        yield f"missing data treated as {missing!r}, not 'notBreaching'"
    if configuration.get("evaluate_low_sample_count_percentile"):
        yield "a rule for percentiles of few samples"
    if unit := configuration.get("unit"):
        yield f"the unit {unit!r}"
    if configuration.get("insufficient_data_actions"):
        yield "actions on insufficient data"


def _utc(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)
