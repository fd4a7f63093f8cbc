"""The alarm on errors: what makes one, and how it is described."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tasktracker_ops.models.alarm import Alarm, Mute

TOPIC = "arn:aws:sns:eu-west-3:123456789012:task-tracker-alerts"
_ALARM = Alarm(
    name="LambdaErrorAlarm",
    state="OK",
    since="2026-01-01T00:00:00.000Z",
    reason="no datapoints were received",
    description="",
    namespace="AWS/Lambda",
    metric="Errors",
    statistic="Sum",
    comparison="GreaterThanThreshold",
    threshold=0.0,
    period=60,
    evaluation_periods=1,
    datapoints_to_alarm=1,
    missing_data="notBreaching",
    actions_enabled=True,
    alarm_actions=(TOPIC,),
    ok_actions=(TOPIC,),
    insufficient_data_actions=(),
)
# Arguments of PutMetricAlarm.
DEFINITION: dict[str, Any] = {
    "AlarmName": "LambdaErrorAlarm",
    "Namespace": "AWS/Lambda",
    "MetricName": "Errors",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 0,
    "ComparisonOperator": "GreaterThanThreshold",
}
# A rule of somebody else's, and one of `tt-ops alarms mute`.
FREEZE = Mute("freeze", None, "the holidays")
LOAD_TEST = Mute(
    "task-tracker-LambdaErrorAlarm", "2036-01-01T00:00:00.000Z", "load test", "ada@desk"
)


def alarm_on_errors(**changes: Any) -> Alarm:
    """Return the alarm in state OK, with some of its fields changed."""
    return replace(_ALARM, **changes)
