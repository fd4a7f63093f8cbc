"""CloudWatch alarms: their state, what they watch, what they did."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from tasktracker_ops.models.alarm import Alarm, AlarmEvent
from tasktracker_ops.models.times import timestamp

from .session import AwsSession, aws_errors

# DescribeAlarms takes so many names, DescribeAlarmHistory gives so many items
# (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html).
_PER_CALL = 100
# What CloudWatch says of an action, here or there followed by a reason.
_ACTION_SUMMARY = re.compile(r"(Successfully|Failed) .*?action (arn:\S+?)\.?(?:\s|$)")


class Alarms:
    """Alarms by name."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def get(self, names: Sequence[str]) -> tuple[Alarm, ...]:
        """Return the alarms of these names, in their order, without those that are gone."""
        found: dict[str, Alarm] = {}
        for start in range(0, len(names), _PER_CALL):
            some = list(names[start : start + _PER_CALL])
            with aws_errors(f"reading the alarms {', '.join(some)}"):
                answer = self._client.describe_alarms(AlarmNames=some, MaxRecords=_PER_CALL)
            found |= {item["AlarmName"]: _alarm(item) for item in answer["MetricAlarms"]}
        return tuple(found[name] for name in names if name in found)

    def history(
        self, name: str, *, since: datetime | None = None, limit: int | None = None
    ) -> tuple[AlarmEvent, ...]:
        """Return what happened to an alarm, newest first; CloudWatch keeps 30 days."""
        query: dict[str, Any] = {"AlarmName": name, "ScanBy": "TimestampDescending"}
        if since is not None:
            query["StartDate"] = since
        with aws_errors(f"reading the history of the alarm {name!r}"):
            return tuple(islice(self._events(query, limit), limit))

    def _events(self, query: Mapping[str, Any], limit: int | None) -> Iterator[AlarmEvent]:
        token: dict[str, str] = {}
        while True:
            size = _PER_CALL if limit is None else min(limit, _PER_CALL)
            answer = self._client.describe_alarm_history(**query, **token, MaxRecords=size)
            yield from (_event(item) for item in answer["AlarmHistoryItems"])
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}

    @property
    def _client(self) -> Any:
        return self._session.client("cloudwatch")


def _alarm(item: Mapping[str, Any]) -> Alarm:
    watched = _watched(item)
    updated = item.get("StateUpdatedTimestamp") or item["AlarmConfigurationUpdatedTimestamp"]
    return Alarm(
        name=item["AlarmName"],
        state=item["StateValue"],
        since=timestamp(item.get("StateTransitionedTimestamp") or updated),
        reason=item.get("StateReason", ""),
        description=item.get("AlarmDescription", ""),
        namespace=watched.get("Namespace"),
        metric=watched.get("MetricName", ""),
        statistic=watched.get("Statistic") or watched.get("ExtendedStatistic") or "",
        comparison=item.get("ComparisonOperator", ""),
        threshold=item.get("Threshold"),
        period=watched.get("Period"),
        evaluation_periods=item.get("EvaluationPeriods", 1),
        datapoints_to_alarm=item.get("DatapointsToAlarm") or item.get("EvaluationPeriods", 1),
        missing_data=item.get("TreatMissingData") or "missing",
        actions_enabled=item.get("ActionsEnabled", True),
        alarm_actions=tuple(item.get("AlarmActions", ())),
        ok_actions=tuple(item.get("OKActions", ())),
        insufficient_data_actions=tuple(item.get("InsufficientDataActions", ())),
        dimensions={pair["Name"]: pair["Value"] for pair in watched.get("Dimensions", ())},
    )


def _watched(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the alarm compares, in the terms of an alarm on one metric."""
    queries = item.get("Metrics") or []
    if item.get("MetricName") or not queries:
        return item
    # Of several, the one that is returned; beside an anomaly band that is the metric.
    band = item.get("ThresholdMetricId")
    returned = [query for query in queries if query.get("ReturnData", True)]
    query = next((q for q in returned if q.get("Id") != band), queries[0])
    if "MetricStat" not in query:
        return {"MetricName": query.get("Expression", ""), "Period": query.get("Period")}
    stat = query["MetricStat"]
    return {**stat["Metric"], "Statistic": stat.get("Stat"), "Period": stat.get("Period")}


def _event(item: Mapping[str, Any]) -> AlarmEvent:
    kind, summary = item["HistoryItemType"], item.get("HistorySummary", "")
    data = _data(item)
    details: dict[str, Any] = {}
    if kind == "StateUpdate":
        old, new = data.get("oldState") or {}, data.get("newState") or {}
        details = {
            "old_state": old.get("stateValue"),
            "new_state": new.get("stateValue"),
            "reason": new.get("stateReason"),
        }
    elif kind == "Action":
        said = _ACTION_SUMMARY.match(summary)
        state = data.get("actionState") or (said and said[1])
        details = {
            "action": data.get("notificationResource") or (said and said[2]),
            "succeeded": state in {"Succeeded", "Successfully"},
        }
    return AlarmEvent(item["AlarmName"], timestamp(item["Timestamp"]), kind, summary, **details)


def _data(item: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        data = json.loads(item.get("HistoryData") or "{}")
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
