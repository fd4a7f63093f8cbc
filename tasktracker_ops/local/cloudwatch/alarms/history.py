"""The history of alarms: what DescribeAlarmHistory tells.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_AlarmHistoryItem.html
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_KEPT = 2000


@dataclass(frozen=True)
class HistoryItem:
    """One item, its fields named as moto's serialiser looks for them; `history_data` is JSON."""

    alarm_name: str
    timestamp: datetime
    history_item_type: str
    history_summary: str
    history_data: str
    alarm_type: str = "MetricAlarm"
    number: int = field(default=0, compare=False)


class History:
    """The newest items of each region, kept also when their alarm is deleted."""

    def __init__(self, *, kept: int = _KEPT) -> None:
        self._adding = threading.Lock()
        self._items: dict[str, deque[HistoryItem]] = defaultdict(lambda: deque(maxlen=kept))
        self._added = 0

    def add(
        self, region: str, alarm_name: str, at: datetime, kind: str, summary: str, data: Any
    ) -> None:
        """Add an item of a kind: StateUpdate, Action or ConfigurationUpdate."""
        with self._adding:
            self._added += 1
            item = HistoryItem(alarm_name, at, kind, summary, json.dumps(data), number=self._added)
            self._items[region].append(item)

    def items(self, region: str, wanted: Callable[[HistoryItem], bool]) -> list[HistoryItem]:
        """Return what is wanted, the oldest first."""
        with self._adding:
            return [item for item in self._items[region] if wanted(item)]


def state_update(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return the data of a StateUpdate; both are of `state`."""
    return {"version": "1.0", "oldState": old, "newState": new}


def state(alarm: Any) -> dict[str, Any]:
    """Return the alarm's present state as history has it."""
    told = {"stateValue": alarm.state_value, "stateReason": alarm.state_reason}
    if alarm.state_reason_data:
        told["stateReasonData"] = json.loads(alarm.state_reason_data)
    return told


def configuration_update(kind: str, alarm: Any) -> tuple[str, dict[str, Any]]:
    """Return summary and data of a ConfigurationUpdate: Create, Update or Delete."""
    done = kind.lower() + "d"
    data = {"version": "1.0", "type": kind, f"{done}Alarm": _told(alarm)}
    return f'Alarm "{alarm.name}" {done}', data


def action(at: datetime, arn: str, message: str | None, error: str | None) -> dict[str, Any]:
    """Return the data of an Action, which succeeded if there is no error; `at` is the change's."""
    return {
        "actionState": "Succeeded" if error is None else "Failed",
        "stateUpdateTimestamp": int(at.timestamp() * 1000),
        "notificationResource": arn,
        "publishedMessage": message,
        "error": error,
    }


def timestamp(at: datetime) -> str:
    """Return a UTC time as CloudWatch's documents have it."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}+0000"


def _told(alarm: Any) -> dict[str, Any]:
    told = {
        "alarmName": alarm.name,
        "alarmDescription": alarm.description,
        "alarmArn": alarm.alarm_arn,
        "alarmConfigurationUpdatedTimestamp": timestamp(alarm.configuration_updated_timestamp),
        "namespace": alarm.namespace,
        "metricName": alarm.metric_name,
        "extendedStatistic": (alarm.statistic or "").upper() or alarm.extended_statistic,
        "period": alarm.period,
        "dimensions": [{"name": each.name, "value": each.value} for each in alarm.dimensions],
        "unit": alarm.unit,
        "threshold": alarm.threshold,
        "comparisonOperator": alarm.comparison_operator,
        "evaluationPeriods": alarm.evaluation_periods,
        "datapointsToAlarm": alarm.datapoints_to_alarm,
        "treatMissingData": alarm.treat_missing_data,
        "stateValue": alarm.state_value,
        "stateUpdatedTimestamp": timestamp(alarm.state_updated_timestamp),
        "actionsEnabled": alarm.actions_enabled,
        "alarmActions": alarm.alarm_actions,
        "insufficientDataActions": alarm.insufficient_data_actions,
        "okactions": alarm.ok_actions,
    }
    return {name: value for name, value in told.items() if value is not None}
