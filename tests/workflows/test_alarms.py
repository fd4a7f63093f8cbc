"""The alarms, and the history of all of them together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tasktracker_ops.adapters.aws.session import AwsError
from tasktracker_ops.models.alarm import AlarmEvent
from tasktracker_ops.workflows.alarms import alarms

Make = Callable[..., AlarmEvent]


def test_the_history_is_read_on_request(observed: Any) -> None:
    """It costs a call for each alarm."""
    report = alarms(observed)
    assert [alarm.name for alarm in report.alarms] == ["LambdaErrorAlarm", "LambdaDurationAlarm"]
    assert report.history is None


def test_a_missing_alarm_is_named(observed: Any) -> None:
    """With and without the history."""
    del observed.found_alarms[0]
    for history in (False, True):
        report = alarms(observed, history=history)
        assert [alarm.name for alarm in report.alarms] == ["LambdaDurationAlarm"]
        assert [problem.code for problem in report.problems] == ["alarm-missing"]
        assert "'LambdaErrorAlarm' does not exist" in report.problems[0].message


def test_the_history_is_the_newest_of_all_alarms(observed: Any, transition: Make) -> None:
    """At most 20 items unless a time is given; CloudWatch's order is kept within one moment."""
    one = [transition(f"2026-01-01T00:00:{n:02}.000Z", "OK", "ALARM") for n in range(30)]
    other = AlarmEvent("LambdaDurationAlarm", "2026-01-01T00:00:28.500Z", "Action", "done")
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
    report = alarms(observed, history=True)
    assert [alarm.name for alarm in report.alarms] == ["LambdaErrorAlarm", "LambdaDurationAlarm"]
    assert report.history is None
    assert [problem.code for problem in report.problems] == ["history-unreadable"]
    assert "NotImplemented" in report.problems[0].message
