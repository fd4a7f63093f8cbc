"""Mute rules: what is put for an alarm, and what is read of one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from tasktracker_ops.adapters.aws.mute_rules import MuteRules
from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.models.alarm import Mute

BEGIN = "at(2026-01-01T10:00)"
EXPIRES = datetime(2026, 1, 1, 10, 59, 30, tzinfo=UTC)


def read(session: AwsSession, cloudwatch: Stubber, name: str, **rule: Any) -> Mute | None:
    """Return the rule that CloudWatch describes like this."""
    schedule = {"Expression": rule.pop("at"), "Duration": rule.pop("lasts", "PT1H")}
    if "zone" in rule:
        schedule["Timezone"] = rule.pop("zone")
    cloudwatch.add_response("get_alarm_mute_rule", {"Rule": {"Schedule": schedule}, **rule})
    return MuteRules(session).get(name)


@pytest.fixture
def cloudwatch(stub: Callable[[str], Stubber]) -> Stubber:
    """The stub of CloudWatch."""
    return stub("cloudwatch")


@pytest.mark.parametrize(
    ("rule", "until"),
    [
        ({"at": BEGIN}, "2026-01-01T11:00:00.000Z"),
        ({"at": BEGIN, "lasts": "P1DT2H3M"}, "2026-01-02T12:03:00.000Z"),
        ({"at": BEGIN, "zone": "Europe/Paris"}, "2026-01-01T10:00:00.000Z"),
        ({"at": BEGIN, "ExpireDate": EXPIRES}, "2026-01-01T10:59:30.000Z"),
        ({"at": "cron(0 2 * * *)"}, None),
    ],
)
def test_a_window_has_an_end(
    session: AwsSession, cloudwatch: Stubber, rule: dict[str, Any], until: str | None
) -> None:
    """The expiry may come first; one that recurs has none."""
    assert read(session, cloudwatch, "freeze", **rule) == Mute("freeze", until, "")


def test_our_rules_say_who_muted(session: AwsSession, cloudwatch: Stubber) -> None:
    """It is at the end of the description, where CloudWatch's console shows it as well."""
    text = "load (test) (by ada@desk)"
    for name, reason, who in (
        ("task-tracker-A", "load (test)", "ada@desk"),
        ("freeze", text, None),
    ):
        found = read(session, cloudwatch, name, at=BEGIN, Description=text)
        assert found is not None
        assert (found.reason, found.who) == (reason, who)


def test_an_alarm_is_muted_to_the_second(session: AwsSession, cloudwatch: Stubber) -> None:
    """A schedule has whole minutes, and covers the time until the expiry."""
    until = datetime.now(UTC) + timedelta(hours=1, seconds=5)
    schedule: dict[str, str] = {}
    cloudwatch.add_response(
        "put_alarm_mute_rule",
        {},
        {
            "Name": "task-tracker-A",
            "Description": "load test (by ada@desk)",
            "Rule": {"Schedule": {"Expression": ANY, "Duration": ANY}},
            "MuteTargets": {"AlarmNames": ["A"]},
            "ExpireDate": until,
        },
    )
    client = session.client("cloudwatch")
    client.meta.events.register_first(
        "provide-client-params.cloudwatch.PutAlarmMuteRule",
        lambda params, **_: schedule.update(params["Rule"]["Schedule"]),
        unique_id="schedule",
    )
    MuteRules(session).put("A", until=until, reason="load test", who="ada@desk")
    client.meta.events.unregister(
        "provide-client-params.cloudwatch.PutAlarmMuteRule", unique_id="schedule"
    )
    begin = datetime.strptime(schedule["Expression"], "at(%Y-%m-%dT%H:%M)").replace(tzinfo=UTC)
    assert timedelta() <= datetime.now(UTC) - begin < timedelta(minutes=2)
    assert schedule["Duration"] in {"PT1H1M", "PT1H2M"}


def test_a_rule_that_is_gone_is_none(session: AwsSession, cloudwatch: Stubber) -> None:
    """Somebody deleted it between two calls."""
    cloudwatch.add_client_error("get_alarm_mute_rule", "ResourceNotFoundException")
    assert MuteRules(session).get("freeze") is None
