"""Mute alarms for a time, and unmute them: all of them, or those that are named."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.alarm import Mute
from tasktracker_ops.models.times import timestamp
from tasktracker_ops.workflows.alarms import select_alarms
from tasktracker_ops.workflows.mute import mute, unmute
from tests.alarm import FREEZE

ERRORS, DURATION = "LambdaErrorAlarm", "LambdaDurationAlarm"
NAMES = (ERRORS, DURATION)


@pytest.fixture
def deployed(observed: Any) -> Any:
    """A deployment whose mute rules are kept by name; `expired` are the names of those over."""
    rules: dict[str, Mute] = {}
    observed.expired = []

    def put(alarm: str, *, until: datetime, reason: str, who: str) -> None:
        rules[f"task-tracker-{alarm}"] = Mute(
            f"task-tracker-{alarm}", timestamp(until), reason, who
        )

    observed.mute_rules = SimpleNamespace(
        put=put,
        delete=lambda name: (
            observed.expired.remove(name) if name in observed.expired else rules.pop(name)
        ),
        names=lambda status: tuple(observed.expired),
    )
    observed.alarms.with_mute_rules = lambda alarms: tuple(
        replace(
            each,
            muted_by=(
                *(r for name, r in rules.items() if name.endswith(f"-{each.name}")),
                *observed.mutes.get(each.name, ()),
            ),
        )
        for each in alarms
    )
    observed.rules = rules
    return observed


def test_every_alarm_is_muted_by_a_rule_of_its_own(deployed: Any) -> None:
    """With an end, a reason, and who did it; again gives it another end."""
    done = mute(deployed, [], seconds=3600, reason="load test")
    assert (done.alarms, done.reason) == (NAMES, "load test")
    assert "@" in done.who
    until = datetime.fromisoformat(done.until)
    assert timedelta(seconds=3500) < until - datetime.now(UTC) <= timedelta(seconds=3600)
    again = mute(deployed, ["error"], seconds=60, reason="short")
    assert again.alarms == (ERRORS,)
    assert [(rule.reason, rule.who) for rule in deployed.rules.values()] == [
        ("short", done.who),
        ("load test", done.who),
    ]


def test_our_rules_that_are_over_are_deleted(deployed: Any) -> None:
    """Those of others are left alone."""
    deployed.expired = [f"task-tracker-{DURATION}", "freeze", "task-tracker-other"]
    mute(deployed, [ERRORS], seconds=60, reason="x")
    assert deployed.expired == ["freeze", "task-tracker-other"]


def test_unmuting_says_what_it_ended(deployed: Any) -> None:
    """An alarm in ALARM notifies then; one that was not muted is named."""
    deployed.found_alarms = [replace(each, state="ALARM") for each in deployed.found_alarms]
    mute(deployed, ["error"], seconds=60, reason="x")
    done = unmute(deployed, [])
    assert (done.alarms, done.not_muted, done.firing) == ((ERRORS,), (DURATION,), (ERRORS,))
    assert (done.problems, deployed.rules) == ((), {})


def test_a_rule_of_others_still_mutes(deployed: Any) -> None:
    """It may be for more alarms than ours, so only its command is given."""
    deployed.mutes = {ERRORS: (FREEZE,)}
    mute(deployed, [ERRORS], seconds=60, reason="x")
    done = unmute(deployed, [ERRORS])
    assert (done.alarms, done.not_muted, deployed.rules) == ((), (), {})
    (problem,) = done.problems
    assert problem.hint.endswith("--alarm-mute-rule-name freeze")


def test_a_rule_that_is_not_active_is_an_error(deployed: Any) -> None:
    """As with a clock that is ahead."""
    deployed.alarms.with_mute_rules = lambda alarms: [replace(a, muted_by=()) for a in alarms]
    with pytest.raises(TtOpsError, match="clock") as caught:
        mute(deployed, [], seconds=60, reason="x")
    assert caught.value.code == "alarm-not-muted"


def test_a_missing_alarm_is_not_muted(deployed: Any) -> None:
    """CloudWatch would take the name."""
    deployed.found_alarms = []
    with pytest.raises(TtOpsError, match="does not exist"):
        mute(deployed, [], seconds=60, reason="x")
    assert deployed.rules == {}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ([], NAMES),
        ([DURATION], (DURATION,)),
        (["duration", "Error"], (DURATION, ERRORS)),
        (["error", ERRORS], (ERRORS,)),
        (["Lambda"], "alarm-ambiguous"),
        (["throttle"], "alarm-unknown"),
        ([""], "alarm-unknown"),
    ],
)
def test_an_alarm_is_named_by_a_unique_part(wanted: list[str], expected: Any) -> None:
    """Without any name, all are meant."""
    if isinstance(expected, tuple):
        assert select_alarms(NAMES, wanted) == expected
        return
    with pytest.raises(TtOpsError) as caught:
        select_alarms(NAMES, wanted)
    assert caught.value.code == expected
