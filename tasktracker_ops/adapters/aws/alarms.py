"""CloudWatch alarms: state, condition and history."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any

from tasktracker_ops.models.alarm import Alarm, AlarmEvent, Mute
from tasktracker_ops.models.times import timestamp

from .mute_rules import MuteRules
from .session import UNKNOWN_OPERATION, AwsError, AwsSession, aws_errors

# Alarms of a DescribeAlarms, and items of a DescribeAlarmHistory
# (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html).
_PER_CALL = 100
# CloudWatch's summary of an action, sometimes followed by a reason.
_ACTION_SUMMARY = re.compile(r"(Successfully|Failed) .*?action (arn:\S+?)\.?(?:\s|$)")


class Alarms:
    """Alarms by name."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def get(self, names: Sequence[str]) -> tuple[Alarm, ...]:
        """Return the alarms with these names, in that order, without those that do not exist."""
        if not names:  # CloudWatch would return all of the account
            return ()
        with aws_errors(f"reading the alarms {', '.join(names)}"):
            answer = self._client.describe_alarms(AlarmNames=list(names), MaxRecords=_PER_CALL)
        alarms = {item["AlarmName"]: _alarm(item) for item in answer["MetricAlarms"]}
        return tuple(alarms[name] for name in names if name in alarms)

    def with_mute_rules(self, alarms: Sequence[Alarm]) -> tuple[Alarm, ...]:
        """Return the alarms with the mute rules that are active for them.

        They stay None where the target or this version of botocore has no such rules.
        """
        rules = MuteRules(self._session)
        if not rules.supported:
            return tuple(alarms)
        try:
            # Mostly there is none, and then one call is enough.
            is_any = bool(alarms and rules.names("ACTIVE"))
            names = [rules.names("ACTIVE", each.name) if is_any else () for each in alarms]
        except AwsError as error:
            if error.aws_code not in UNKNOWN_OPERATION:
                raise
            return tuple(alarms)
        mutes = {name: rules.get(name) for name in dict.fromkeys(chain.from_iterable(names))}
        return tuple(
            _muted(alarm, tuple(filter(None, (mutes[name] for name in own))))
            for alarm, own in zip(alarms, names, strict=True)
        )

    def history(
        self, name: str, *, since: datetime | None = None, limit: int | None = None
    ) -> tuple[AlarmEvent, ...]:
        """Return the history of an alarm, newest first; CloudWatch keeps 30 days."""
        query: dict[str, Any] = {"AlarmName": name, "ScanBy": "TimestampDescending"}
        if since is not None:
            query["StartDate"] = since
        size = _PER_CALL if limit is None else min(limit, _PER_CALL)
        pages = self._client.get_paginator("describe_alarm_history").paginate(
            **query, PaginationConfig={"MaxItems": limit, "PageSize": size}
        )
        with aws_errors(f"reading the history of the alarm {name!r}"):
            return tuple(_event(item) for page in pages for item in page["AlarmHistoryItems"])

    @property
    def _client(self) -> Any:
        return self._session.client("cloudwatch")


def _muted(alarm: Alarm, mutes: tuple[Mute, ...]) -> Alarm:
    ends = [each.until for each in mutes if each.until is not None]
    until = max(ends) if mutes and len(ends) == len(mutes) else None
    return replace(alarm, muted_by=mutes, muted_until=until)


def _alarm(item: Mapping[str, Any]) -> Alarm:
    metric = _metric(item)
    updated = item.get("StateUpdatedTimestamp") or item["AlarmConfigurationUpdatedTimestamp"]
    return Alarm(
        name=item["AlarmName"],
        state=item["StateValue"],
        since=timestamp(item.get("StateTransitionedTimestamp") or updated),
        reason=item.get("StateReason", ""),
        description=item.get("AlarmDescription", ""),
        namespace=metric.get("Namespace"),
        metric=metric.get("MetricName", ""),
        statistic=metric.get("Statistic") or metric.get("ExtendedStatistic") or "",
        comparison=item.get("ComparisonOperator", ""),
        threshold=item.get("Threshold"),
        period=metric.get("Period"),
        evaluation_periods=item.get("EvaluationPeriods", 1),
        datapoints_to_alarm=item.get("DatapointsToAlarm") or item.get("EvaluationPeriods", 1),
        missing_data=item.get("TreatMissingData") or "missing",
        actions_enabled=item.get("ActionsEnabled", True),
        alarm_actions=tuple(item.get("AlarmActions", ())),
        ok_actions=tuple(item.get("OKActions", ())),
        insufficient_data_actions=tuple(item.get("InsufficientDataActions", ())),
        dimensions={pair["Name"]: pair["Value"] for pair in metric.get("Dimensions", ())},
    )


def _metric(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the alarm compares, with the keys of an alarm on one metric."""
    queries = item.get("Metrics") or []
    if item.get("MetricName") or not queries:
        return item
    # The query that is returned; with an anomaly band, the metric.
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
        match = _ACTION_SUMMARY.match(summary)
        state = data.get("actionState") or (match and match[1])
        details = {
            "action": data.get("notificationResource") or (match and match[2]),
            "succeeded": state in {"Succeeded", "Successfully"},
        }
    return AlarmEvent(item["AlarmName"], timestamp(item["Timestamp"]), kind, summary, **details)


def _data(item: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        data = json.loads(item.get("HistoryData") or "{}")
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
