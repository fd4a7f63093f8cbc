"""What CloudWatch tells a topic about an alarm: a JSON document, the text of a mail, a subject.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from botocore.loaders import Loader

from tasktracker_ops.local.cloudwatch.alarms.datapoints import period
from tasktracker_ops.local.cloudwatch.alarms.history import timestamp
from tasktracker_ops.local.credentials import ACCOUNT_ID

_SUBJECT_LIMIT = 100


@dataclass(frozen=True)
class Publication:
    """What is published to a topic: `message` has a text for each kind of subscription."""

    subject: str
    message: str


def publication(alarm: Any, old_state: str) -> Publication:
    """Return what to publish about moto's alarm, which has just left `old_state`."""
    texts = {"default": json.dumps(document(alarm, old_state)), "email": _mail(alarm, old_state)}
    place = f'" in {region_name(alarm.region_name)}'
    start = f'{alarm.state_value}: "'
    room = _SUBJECT_LIMIT - len(start) - len(place)
    name = alarm.name if len(alarm.name) <= room else alarm.name[: room - 3] + "..."
    return Publication(f"{start}{name}{place}", json.dumps(texts))


def document(alarm: Any, old_state: str) -> dict[str, Any]:
    """Return the document that programs get."""
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": ACCOUNT_ID,
        "AlarmConfigurationUpdatedTimestamp": timestamp(alarm.configuration_updated_timestamp),
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": timestamp(alarm.state_updated_timestamp),
        "Region": region_name(alarm.region_name),
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": old_state,
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
        "Trigger": _trigger(alarm),
    }


@lru_cache
def region_name(region: str) -> str:
    """Return a region's name as CloudWatch's notifications have it, such as EU (Paris)."""
    for partition in Loader().load_data("partitions")["partitions"]:
        if region in partition["regions"]:
            return str(partition["regions"][region]["description"]).replace("Europe", "EU", 1)
    return region


def _trigger(alarm: Any) -> dict[str, Any]:
    rule = {
        "Period": alarm.period,
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm,
        "ComparisonOperator": alarm.comparison_operator,
        "Threshold": _threshold(alarm),
        "TreatMissingData": alarm.treat_missing_data or "missing",
        "EvaluateLowSampleCountPercentile": alarm.evaluate_low_sample_count_percentile or "",
    }
    if alarm.metric_data_queries:
        return {**rule, "Metrics": [_query(query) for query in alarm.metric_data_queries]}
    return {
        "MetricName": alarm.metric_name,
        "Namespace": alarm.namespace,
        "StatisticType": "Statistic" if alarm.statistic else "ExtendedStatistic",
        "Statistic": alarm.statistic.upper() if alarm.statistic else alarm.extended_statistic,
        "Unit": alarm.unit,
        "Dimensions": _dimensions(alarm.dimensions),
        **rule,
    }


def _query(query: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"Id": query.id, "Label": query.label, "ReturnData": query.return_data}
    if query.metric_stat is None:
        return {"Expression": query.expression, **told}
    stat = query.metric_stat
    metric = {
        "Dimensions": _dimensions(stat.metric.dimensions),
        "MetricName": stat.metric.metric_name,
        "Namespace": stat.metric.namespace,
    }
    return {**told, "MetricStat": {"Metric": metric, "Period": stat.period, "Stat": stat.stat}}


def _dimensions(dimensions: list[Any]) -> list[dict[str, str]]:
    return [{"value": each.value, "name": each.name} for each in dimensions]


def _mail(alarm: Any, old_state: str) -> str:
    region = alarm.region_name
    at = f"{alarm.state_updated_timestamp:%A %d %B, %Y %H:%M:%S} UTC"
    needed = alarm.datapoints_to_alarm or alarm.evaluation_periods
    return f"""\
You are receiving this email because your Amazon CloudWatch Alarm "{alarm.name}" \
in the {region_name(region)} region has entered the {alarm.state_value} state, \
because "{alarm.state_reason}" at "{at}".

View this alarm in the AWS Management Console:
https://{region}.console.aws.amazon.com/cloudwatch/deeplink.js?region={region}\
#alarmsV2:alarm/{quote(alarm.name, safe="")}

Alarm Details:
- Name:                       {alarm.name}
- Description:                {alarm.description or ""}
- State Change:               {old_state} -> {alarm.state_value}
- Reason for State Change:    {alarm.state_reason}
- Timestamp:                  {at}
- AWS Account:                {ACCOUNT_ID}
- Alarm Arn:                  {alarm.alarm_arn}

Threshold:
- The alarm is in the ALARM state when the metric is {alarm.comparison_operator} \
{_threshold(alarm)} for at least {needed} of the last {alarm.evaluation_periods} period(s) \
of {period(alarm)} seconds.

{_monitored(alarm)}

State Change Actions:
- OK: {_listed(alarm.ok_actions)}
- ALARM: {_listed(alarm.alarm_actions)}
- INSUFFICIENT_DATA: {_listed(alarm.insufficient_data_actions)}
"""


def _monitored(alarm: Any) -> str:
    if alarm.metric_data_queries:
        shown = [
            f"- MetricExpression:           {query.expression}"
            for query in alarm.metric_data_queries
            if query.expression
        ]
        return "\n".join(["Monitored Metrics:", *shown])
    dimensions = ", ".join(f"[{each.name} = {each.value}]" for each in alarm.dimensions)
    return f"""\
Monitored Metric:
- MetricNamespace:                     {alarm.namespace}
- MetricName:                          {alarm.metric_name}
- Dimensions:                          {dimensions}
- Period:                              {alarm.period} seconds
- Statistic:                           {alarm.statistic or alarm.extended_statistic}
- Unit:                                {alarm.unit or "not specified"}
- TreatMissingData:                    {alarm.treat_missing_data or "missing"}"""


def _threshold(alarm: Any) -> float | None:
    # Composite alarms and those on anomalies have none.
    return None if alarm.threshold is None else float(alarm.threshold)


def _listed(actions: list[str]) -> str:
    return f"[{', '.join(actions)}]" if actions else ""
