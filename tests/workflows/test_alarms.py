"""The alarms and what they did, of all of them together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tasktracker_ops.adapters.aws.session import AwsError
from tasktracker_ops.models.alarm import AlarmEvent
from tasktracker_ops.workflows.alarms import alarms

Make = Callable[..., AlarmEvent]


def test_the_history_is_read_when_it_is_asked_for(observed: Any) -> None:
    """It costs a call for each alarm."""
    found = alarms(observed)
    assert [alarm.name for alarm in found.alarms] == ["LambdaErrorAlarm", "LambdaDurationAlarm"]
    assert found.history is None


def test_an_alarm_that_is_gone_is_named(observed: Any) -> None:
    """With and without the history."""
    del observed.found_alarms[0]
    for history in (False, True):
        found = alarms(observed, history=history)
        assert [alarm.name for alarm in found.alarms] == ["LambdaDurationAlarm"]
        assert [problem.code for problem in found.problems] == ["alarm-missing"]
        assert "'LambdaErrorAlarm' is gone" in found.problems[0].message


def test_the_history_is_the_newest_of_all_alarms(observed: Any, transition: Make) -> None:
    """At most 20 items, unless a time is given; those of one moment keep CloudWatch's order."""
    one = [transition(f"2026-01-01T00:00:{n:02}.000Z", "OK", "ALARM") for n in range(30)]
    other = AlarmEvent("LambdaDurationAlarm", "2026-01-01T00:00:28.500Z", "Action", "told")
    observed.histories = [(other, *reversed(one))]
    newest = alarms(observed, history=True).history
    assert newest is not None
    assert (len(newest), newest[0], newest[2]) == (20, one[29], one[28])
    assert newest[1] == other
    everything = alarms(observed, history=True, since=3600).history
    assert everything is not None
    assert len(everything) == 31


def test_a_history_that_cannot_be_read_hides_nothing_else(observed: Any) -> None:
    """Not every emulator keeps one."""
    observed.histories = [AwsError("reading the history", "NotImplemented", "not here")]
    found = alarms(observed, history=True)
    assert [alarm.name for alarm in found.alarms] == ["LambdaErrorAlarm", "LambdaDurationAlarm"]
    assert found.history is None
    assert [problem.code for problem in found.problems] == ["history-unreadable"]
    assert "NotImplemented" in found.problems[0].message
