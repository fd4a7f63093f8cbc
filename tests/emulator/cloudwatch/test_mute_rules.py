"""Alarm mute rules, with boto3: while one is active, its alarms change and run no actions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.alarms_and_metrics import (
    Eventually,
    error_of,
    put_alarm,
    record,
    state_of,
    summaries_of,
)


def put_rule(aws: Any, name: str, *alarms: str, duration: str = "PT1H", **options: Any) -> None:
    """Put a rule that is active from the last whole minute on."""
    schedule = {"Expression": f"at({datetime.now(UTC):%Y-%m-%dT%H:%M})", "Duration": duration}
    aws.client("cloudwatch").put_alarm_mute_rule(
        Name=name, Rule={"Schedule": schedule}, MuteTargets={"AlarmNames": list(alarms)}, **options
    )


def rules_of(aws: Any, **query: Any) -> dict[str, str]:
    """Return the status of each rule by its name."""
    answer = aws.client("cloudwatch").list_alarm_mute_rules(**query)
    rules = answer["AlarmMuteRuleSummaries"]
    return {each["AlarmMuteRuleArn"].rpartition(":")[2]: each["Status"] for each in rules}


def test_a_muted_alarm_notifies_when_the_rule_ends(
    alarm_aws: Any, clock: Any, topic: str, name: str, eventually: Eventually
) -> None:
    """It fires without its action, which is run once the rule is over and it still fires."""
    put_alarm(alarm_aws, name, AlarmActions=[topic], TreatMissingData="missing")
    put_rule(alarm_aws, name, name, duration="PT3M")
    record(name)
    eventually(lambda: state_of(alarm_aws, name) == "ALARM")
    clock.wait_for_evaluations()
    assert summaries_of(alarm_aws, name, "Action") == []
    alarm_aws.client("cloudwatch").delete_alarm_mute_rule(AlarmMuteRuleName=name)
    eventually(lambda: len(summaries_of(alarm_aws, name, "Action")) == 1)
    clock.wait_for_evaluations()
    assert summaries_of(alarm_aws, name, "Action") == [f"Successfully executed action {topic}"]


def test_an_alarm_that_recovered_while_muted_does_not_notify(
    alarm_aws: Any, clock: Any, topic: str, name: str, eventually: Eventually
) -> None:
    """The action belongs to a state that is over."""
    put_alarm(alarm_aws, name, AlarmActions=[topic])
    put_rule(alarm_aws, name, name)
    record(name)
    eventually(lambda: state_of(alarm_aws, name) == "ALARM")
    clock.ahead = 125
    eventually(lambda: state_of(alarm_aws, name) == "OK")
    clock.ahead = 3700
    clock.wait_for_evaluations()
    assert rules_of(alarm_aws)[name] == "EXPIRED"
    assert summaries_of(alarm_aws, name, "Action") == []


def test_rules_are_listed_by_alarm_and_status(in_process_aws: Any, name: str) -> None:
    """A rule that has not begun is scheduled; `Get` has what was put."""
    later = datetime.now(UTC) + timedelta(minutes=30)
    put_rule(in_process_aws, "now", "a", "b", Description="freeze")
    put_rule(in_process_aws, "later", "b", StartDate=later)
    assert rules_of(in_process_aws) == {"now": "ACTIVE", "later": "SCHEDULED"}
    assert rules_of(in_process_aws, AlarmName="a") == {"now": "ACTIVE"}
    assert rules_of(in_process_aws, AlarmName="b", Statuses=["ACTIVE"]) == {"now": "ACTIVE"}
    cloudwatch = in_process_aws.client("cloudwatch")
    rule = cloudwatch.get_alarm_mute_rule(AlarmMuteRuleName="now")
    assert (rule["Name"], rule["Description"], rule["Status"]) == ("now", "freeze", "ACTIVE")
    assert rule["MuteTargets"] == {"AlarmNames": ["a", "b"]}
    for _ in range(2):
        cloudwatch.delete_alarm_mute_rule(AlarmMuteRuleName="now")
    with pytest.raises(ClientError, match="ResourceNotFound"):
        cloudwatch.get_alarm_mute_rule(AlarmMuteRuleName="now")


def test_a_rule_expires_before_its_window_ends(in_process_aws: Any) -> None:
    """As the rules of `tt-ops alarms mute` do, whose ends are no whole minutes."""
    now = datetime.now(UTC)
    for name, seconds, status in (("ended", -1, "EXPIRED"), ("lasting", 60, "ACTIVE")):
        put_rule(in_process_aws, name, "a", ExpireDate=now + timedelta(seconds=seconds))
        assert rules_of(in_process_aws)[name] == status
        in_process_aws.client("cloudwatch").delete_alarm_mute_rule(AlarmMuteRuleName=name)


@pytest.mark.parametrize(
    ("schedule", "error"),
    [
        ({"Expression": "cron(0 2 * * *)", "Duration": "PT1H"}, "NotImplemented"),
        ({"Expression": "at(tomorrow)", "Duration": "PT1H"}, "ValidationError"),
        ({"Expression": "at(2026-13-01T00:00)", "Duration": "PT1H"}, "ValidationError"),
        ({"Expression": "at(2026-01-01T00:00)", "Duration": "P16D"}, "ValidationError"),
        ({"Expression": "at(2026-01-01T00:00)", "Duration": "PT"}, "ValidationError"),
        (
            {"Expression": "at(2026-01-01T00:00)", "Duration": "PT1H", "Timezone": "Nowhere"},
            "ValidationError",
        ),
    ],
)
def test_schedules_that_are_not_emulated_are_refused(
    in_process_aws: Any, schedule: dict[str, str], error: str
) -> None:
    """A recurring schedule by name, and what CloudWatch would not take either."""
    client = in_process_aws.client("cloudwatch")
    assert error_of(
        lambda: client.put_alarm_mute_rule(Name="rule", Rule={"Schedule": schedule})
    ).startswith(error)
