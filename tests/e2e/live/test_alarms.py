"""A muted alarm, with the mute rules of the emulator."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.e2e.conftest import Clone


def test_an_alarm_is_muted_and_unmuted(live: Clone, aws: Callable[[str], Any]) -> None:
    """Status and alarms show it with its end; a drill of it is refused; no rule is left of it."""
    muted = live.read("alarms", "mute", "duration", "--for", "30m", "--reason", "load test")
    try:
        assert (muted["alarms"], muted["reason"]) == (["LambdaDurationAlarm"], "load test")
        status = live.read("status")
        errors, duration = live.read("alarms")["alarms"]
        assert status["alarms"][1]["muted_until"] == duration["muted_until"] == muted["until"]
        (rule,) = duration["muted_by"]
        assert (rule["reason"], rule["who"]) == ("load test", muted["who"])
        assert (errors["muted_by"], errors["muted_until"]) == ([], None)
        (problem,) = [each for each in status["problems"] if each["code"] == "alarm-muted"]
        assert problem["hint"].endswith("tt-ops --target local alarms unmute LambdaDurationAlarm")
        # Without a terminal to ask on; and whatever was agreed to, where it waits for a mail.
        for command in ("trigger-slow", "trigger-slow --wait --yes", "drill --all"):
            refused = live.run(*command.split(), "--output", "json")
            error = json.loads(refused.stderr)["error"]
            assert (refused.returncode, error["code"]) == (1, "alarm-muted")
        fired = live.run("trigger-slow", "--yes")
        assert fired.returncode == 0, fired.stderr
        assert fired.stderr.startswith("LambdaDurationAlarm is muted until ")
    finally:
        done = live.read("alarms", "unmute")
    assert (done["alarms"], done["not_muted"]) == (["LambdaDurationAlarm"], ["LambdaErrorAlarm"])
    assert aws("cloudwatch").list_alarm_mute_rules()["AlarmMuteRuleSummaries"] == []
