"""The actions of alarms: publish a mail's text to topics that allow it.

Sources: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from botocore.loaders import Loader
from moto.core.exceptions import ServiceException

from tasktracker_ops.emulator import backends
from tasktracker_ops.local.credentials import ACCOUNT_ID

from .evaluation import ALARM, INSUFFICIENT_DATA, OK

_SUBJECT_LIMIT = 100
_SERVICE = "cloudwatch.amazonaws.com"
_PUBLISH = "sns:Publish"


class NotificationFailed(Exception):
    """A topic refused an alarm's notification; the message says why."""


def actions(alarm: Any) -> list[str]:
    """Return the ARNs of the actions for the present state of moto's alarm."""
    by_state = {
        OK: alarm.ok_actions,
        ALARM: alarm.alarm_actions,
        INSUFFICIENT_DATA: alarm.insufficient_data_actions,
    }
    return list(by_state[alarm.state_value]) if alarm.actions_enabled else []


def notify(topic_arn: str, alarm: Any, old_state: str) -> None:
    """Publish to a topic that moto's alarm has just left `old_state`. Raises NotificationFailed."""
    if not topic_arn.startswith("arn:aws:sns:"):
        raise NotificationFailed("only actions on topics are emulated")
    backend = backends.backend("sns", topic_arn.split(":")[3])
    topic = backend.topics.get(topic_arn)
    if topic is None:
        raise NotificationFailed("Topic does not exist")
    if not _allows(topic._policy_json, topic_arn, alarm.alarm_arn):
        raise NotificationFailed(
            "CloudWatch Alarms is not authorized to perform: SNS:Publish on resource: "
            f"{topic_arn} because no resource-based policy allows the SNS:Publish action"
        )
    try:
        backend.publish(_text(alarm, old_state), arn=topic_arn, subject=_subject(alarm))
    except (ServiceException, ValueError) as error:
        raise NotificationFailed(str(error)) from error


def _allows(policy: Mapping[str, Any], topic_arn: str, alarm_arn: str) -> bool:
    """Return whether a statement allows CloudWatch to publish for an alarm, and none denies it.

    A condition with an unknown operator or key does not hold.
    """
    context = {
        "aws:sourcearn": alarm_arn,
        "aws:sourceaccount": ACCOUNT_ID,
        "aws:sourceowner": ACCOUNT_ID,
    }
    effects = {
        statement["Effect"]
        for statement in _list(policy.get("Statement"))
        if _is_cloudwatch(statement.get("Principal"))
        and any(_like(each.lower(), _PUBLISH.lower()) for each in _list(statement.get("Action")))
        and any(_like(each, topic_arn) for each in _list(statement.get("Resource")))
        and all(
            _holds(operator, values, context.get(key.lower(), ""))
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    }
    return effects == {"Allow"}


def _is_cloudwatch(principal: Any) -> bool:
    if not isinstance(principal, Mapping):
        return bool(principal == "*")
    return "*" in _list(principal.get("AWS")) or _SERVICE in _list(principal.get("Service"))


def _holds(operator: str, values: Any, value: str) -> bool:
    match operator:
        case "ArnEquals" | "ArnLike" | "StringLike":
            return any(_like(each, value) for each in _list(values))
        case "StringEquals":
            return value in _list(values)
    return False


def _like(pattern: str, text: str) -> bool:
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, text) is not None


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _subject(alarm: Any) -> str:
    start, end = f'{alarm.state_value}: "', f'" in {_region_name(alarm.region_name)}'
    room = _SUBJECT_LIMIT - len(start) - len(end)
    name = alarm.name if len(alarm.name) <= room else alarm.name[: room - 3] + "..."
    return f"{start}{name}{end}"


@lru_cache
def _region_name(region: str) -> str:
    """Return a region's name as CloudWatch's notifications have it, such as EU (Paris)."""
    for partition in Loader().load_data("partitions")["partitions"]:
        if region in partition["regions"]:
            return str(partition["regions"][region]["description"]).replace("Europe", "EU", 1)
    return region


def _text(alarm: Any, old_state: str) -> str:
    region = alarm.region_name
    at = f"{alarm.state_updated_timestamp:%A %d %B, %Y %H:%M:%S} UTC"
    needed = alarm.datapoints_to_alarm or alarm.evaluation_periods
    dimensions = ", ".join(f"[{each.name} = {each.value}]" for each in alarm.dimensions)
    return f"""\
You are receiving this email because your Amazon CloudWatch Alarm "{alarm.name}" \
in the {_region_name(region)} region has entered the {alarm.state_value} state, \
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
{float(alarm.threshold)} for at least {needed} of the last {alarm.evaluation_periods} period(s) \
of {alarm.period} seconds.

Monitored Metric:
- MetricNamespace:                     {alarm.namespace}
- MetricName:                          {alarm.metric_name}
- Dimensions:                          {dimensions}
- Period:                              {alarm.period} seconds
- Statistic:                           {alarm.statistic or alarm.extended_statistic}
- Unit:                                not specified
- TreatMissingData:                    {alarm.treat_missing_data}

State Change Actions:
- OK: {_listed(alarm.ok_actions)}
- ALARM: {_listed(alarm.alarm_actions)}
- INSUFFICIENT_DATA: {_listed(alarm.insufficient_data_actions)}\n"""


def _listed(arns: list[str]) -> str:
    return f"[{', '.join(arns)}]" if arns else ""
