"""Alarms notify topics when they change, where the topic's policy allows it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator.alarms_and_metrics import (
    ACCOUNT,
    REGION,
    Eventually,
    describe_alarm,
    history_of,
    put_alarm,
    record,
    state_of,
    summaries_of,
)


def test_a_state_change_is_mailed(
    alarm_aws: Any, topic: str, name: str, eventually: Eventually
) -> None:
    """The mail has subject, reason, condition and metric; the history has the action."""
    put_alarm(alarm_aws, name, AlarmActions=[topic], Dimensions=[{"Name": "Of", "Value": "x"}])
    eventually(lambda: state_of(alarm_aws, name) == "OK")
    record(name, Of="x")
    inbox = alarm_aws.parts.mailbox
    eventually(lambda: len(inbox.mails()) == 2)
    letter = inbox.mails()[0].letter
    alarm = describe_alarm(alarm_aws, name)
    assert letter.subject == f'ALARM: "{name}" in EU (Paris)'
    assert letter.text.startswith(
        f'You are receiving this email because your Amazon CloudWatch Alarm "{name}" in the '
        f"EU (Paris) region has entered the ALARM state, because "
        f'"{alarm["StateReason"]}" at "'
    )
    for line in (
        "- Description:                Of a test.",
        "- State Change:               OK -> ALARM",
        f"- Alarm Arn:                  arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}",
        "- The alarm is in the ALARM state when the metric is GreaterThanThreshold 0.0 for at "
        "least 1 of the last 1 period(s) of 60 seconds.",
        f"- MetricName:                          {name}",
        "- Dimensions:                          [Of = x]",
        "- Statistic:                           Sum",
        "- TreatMissingData:                    notBreaching",
        f"- ALARM: [{topic}]",
        "- OK: ",
    ):
        assert f"\n{line}\n" in letter.text
    eventually(lambda: bool(history_of(alarm_aws, name, "Action")))
    [action] = history_of(alarm_aws, name, "Action")
    assert action["HistorySummary"] == f"Successfully executed action {topic}"
    data = json.loads(action["HistoryData"])
    assert (data["actionState"], data["notificationResource"]) == ("Succeeded", topic)


def _policy(topic: str, **statement: Any) -> str:
    allowed = {
        "Sid": "Alarms",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [{**allowed, **statement}]})


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ({}, True),
        ({"Action": ["SNS:*"], "Resource": "*", "Principal": {"AWS": "*"}}, True),
        ({"Condition": {"ArnEquals": {"aws:SourceArn": ["arn:other", "{alarm}"]}}}, True),
        ({"Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:*:{ACCOUNT}:*"}}}, True),
        ({"Condition": {"StringEquals": {"AWS:SourceAccount": ACCOUNT}}}, True),
        ({"Condition": {"StringEquals": {"AWS:SourceAccount": "210987654321"}}}, False),
        ({"Condition": {"ArnEquals": {"aws:SourceArn": ["arn:other"]}}}, False),
        ({"Condition": {"StringEquals": {"aws:PrincipalTag/x": "y"}}}, False),
        ({"Condition": {"NumericLessThan": {"aws:SourceAccount": "1"}}}, False),
        ({"Principal": {"Service": "events.amazonaws.com"}}, False),
        ({"Principal": {"AWS": ACCOUNT}}, False),
        ({"Action": "sns:Subscribe"}, False),
        ({"Resource": "arn:aws:sns:eu-west-3:123456789012:other"}, False),
        ({"Effect": "Deny"}, False),
    ],
)
def test_the_policy_of_the_topic_is_applied(
    alarm_aws: Any,
    topic: str,
    name: str,
    eventually: Eventually,
    statement: dict[str, Any],
    allowed: bool,
) -> None:
    """An alarm that may not publish changes all the same, and its history has the reason."""
    arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"
    alarm_aws.client("sns").set_topic_attributes(
        TopicArn=topic,
        AttributeName="Policy",
        AttributeValue=_policy(topic, **statement).replace("{alarm}", arn),
    )
    put_alarm(alarm_aws, name, OKActions=[topic])
    eventually(lambda: bool(history_of(alarm_aws, name, "Action")))
    [action] = history_of(alarm_aws, name, "Action")
    if allowed:
        assert action["HistorySummary"] == f"Successfully executed action {topic}"
    else:
        assert action["HistorySummary"] == (
            f'Failed to execute action {topic}. Received error: "CloudWatch Alarms is not '
            f"authorized to perform: SNS:Publish on resource: {topic} because no resource-based "
            'policy allows the SNS:Publish action"'
        )
        assert json.loads(action["HistoryData"])["actionState"] == "Failed"
    assert len(alarm_aws.parts.mailbox.mails()) == 1 + allowed


@pytest.mark.parametrize(
    ("action", "error"),
    [
        (f"arn:aws:sns:{REGION}:{ACCOUNT}:nowhere", "Topic does not exist"),
        (f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f", "only actions on topics are emulated"),
    ],
)
def test_a_failed_action_is_in_the_history(
    alarm_aws: Any, name: str, eventually: Eventually, action: str, error: str
) -> None:
    """The item has the reason."""
    put_alarm(alarm_aws, name, OKActions=[action])
    failed = f'Failed to execute action {action}. Received error: "{error}"'
    eventually(lambda: summaries_of(alarm_aws, name, "Action") == [failed])


def test_disabled_actions_are_not_executed(
    alarm_aws: Any, topic: str, name: str, eventually: Eventually
) -> None:
    """The alarm changes all the same."""
    put_alarm(alarm_aws, name, OKActions=[topic], ActionsEnabled=False)
    eventually(lambda: state_of(alarm_aws, name) == "OK")
    assert history_of(alarm_aws, name, "Action") == []
