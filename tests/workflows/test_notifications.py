"""Why an alarm notified nobody, by its history or by what its actions would do now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tasktracker_ops.errors import ConfigurationError
from tasktracker_ops.models.alarm import Alarm, AlarmEvent
from tasktracker_ops.models.status import Subscription
from tasktracker_ops.models.times import timestamp
from tasktracker_ops.workflows.notifications import muted, undelivered_reason
from tests.alarm import FREEZE, LOAD_TEST

Make = Callable[..., AlarmEvent]
FIRED, LATER = "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.500Z"
DENIED = ConfigurationError("aws-access-denied", "may not", hint="see who you are: aws sts")


def reason(observed: Any, alarm: Alarm, history: Any, **changes: Any) -> str | None:
    """Return the code of why the alarm, which fires, notified nobody."""
    observed.histories = [history]
    firing = replace(alarm, state="ALARM", **changes)
    problem = undelivered_reason(observed, firing, observed.topics.subscriptions)
    return problem and problem.code


@pytest.mark.parametrize(
    "change",
    [{}, {"actions_enabled": False}, {"alarm_actions": ()}, {"muted_by": (FREEZE,)}],
    ids=lambda change: next(iter(change), "unchanged"),
)
def test_the_history_counts_whatever_the_alarm_would_do_now(
    observed: Any, alarm: Alarm, transition: Make, action: Make, change: dict[str, Any]
) -> None:
    """Its actions notified somebody, or failed."""
    fired = transition(FIRED, "OK", "ALARM")
    assert reason(observed, alarm, (action(LATER), fired), **change) is None
    assert reason(observed, alarm, (action(LATER, False), fired), **change) == "action-failed"
    silent = "alarm-muted" if "muted_by" in change else "actions-disabled"
    assert reason(observed, alarm, (fired,), **change) == silent


def test_an_action_may_follow_its_transition(observed: Any, alarm: Alarm, transition: Make) -> None:
    """A transition of just now without an action is no problem."""
    now = timestamp(datetime.now(UTC))
    assert reason(observed, alarm, (transition(now, "OK", "ALARM"),), since=now) is None


def test_without_its_transition_the_configuration_of_the_alarm_counts(
    observed: Any, alarm: Alarm, action: Make, pending: Subscription
) -> None:
    """The history may not be read, or has only earlier events; one subscriber is enough."""
    confirmed = observed.found_subscriptions
    for history in (DENIED, (action("2025-12-31T23:00:00.000Z"),)):
        for observed.found_subscriptions, expected in (
            ((*confirmed, pending), None),
            ((pending,), "subscription-pending"),
            ((), "subscription-missing"),
        ):
            assert reason(observed, alarm, history) == expected
        assert reason(observed, alarm, history, actions_enabled=False) == "actions-disabled"


def test_the_hint_ends_a_mute_rule_of_ours_or_of_others(observed: Any, alarm: Alarm) -> None:
    """The message has its end, its author and its reason, as far as they are known."""
    assert muted(observed.target, alarm) is None
    theirs = muted(observed.target, replace(alarm, muted_by=(replace(FREEZE, rule="my freeze"),)))
    assert theirs is not None
    assert "LambdaErrorAlarm is muted by the mute rule 'my freeze'" in theirs.message
    assert theirs.hint.endswith(
        "aws cloudwatch delete-alarm-mute-rule --alarm-mute-rule-name my freeze"
    )
    until = LOAD_TEST.until
    ours = muted(observed.target, replace(alarm, muted_by=(LOAD_TEST,), muted_until=until))
    assert ours is not None
    assert f"LambdaErrorAlarm is muted until {until} by ada@desk (load test)" in ours.message
    assert ours.hint.endswith(": tt-ops alarms unmute LambdaErrorAlarm")
