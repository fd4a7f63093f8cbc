"""Muted alarms, as every command shows them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import Clone


@pytest.fixture
def muted(live: Clone) -> Iterator[Any]:
    """Mute the alarm on durations, and unmute it afterwards; yield the result."""
    arguments = ("duration", "--for", "30m", "--reason", "load test")
    yield live.read("alarms", "mute", *arguments)
    live.run("alarms", "unmute")


def test_a_muted_alarm_is_shown_with_its_end(live: Clone, muted: Any) -> None:
    """By whom and why as well; the other one is not muted."""
    assert (muted["alarms"], muted["reason"]) == (["LambdaDurationAlarm"], "load test")
    status = live.read("status")
    errors, duration = live.read("alarms")["alarms"]
    assert status["alarms"][1]["muted_until"] == duration["muted_until"] == muted["until"]
    (rule,) = duration["muted_by"]
    assert (rule["reason"], rule["who"]) == ("load test", muted["who"])
    assert (errors["muted_by"], errors["muted_until"]) == ([], None)
    (problem,) = [each for each in status["problems"] if each["code"] == "alarm-muted"]
    assert problem["hint"].endswith(": tt-ops --target local alarms unmute LambdaDurationAlarm")


def test_a_drill_of_a_muted_alarm_is_refused_unless_agreed_to(live: Clone, muted: Any) -> None:
    """Without a terminal to ask on; one that waits for a mail is refused whatever was agreed to."""
    for command in ("trigger-slow", "trigger-slow --wait --yes", "drill --all"):
        refused = live.run(*command.split(), "--output", "json")
        error = json.loads(refused.stderr)["error"]
        assert (refused.returncode, error["code"]) == (1, "alarm-muted")
    fired = live.run("trigger-slow", "--yes")
    assert fired.returncode == 0, fired.stderr
    assert fired.stderr.startswith("LambdaDurationAlarm is muted until ")


def test_a_rule_is_deleted_with_the_mute(
    live: Clone, muted: Any, aws: Callable[[str], Any]
) -> None:
    """Nothing is left of it."""
    done = live.read("alarms", "unmute")
    assert (done["alarms"], done["not_muted"]) == (["LambdaDurationAlarm"], ["LambdaErrorAlarm"])
    assert aws("cloudwatch").list_alarm_mute_rules()["AlarmMuteRuleSummaries"] == []
