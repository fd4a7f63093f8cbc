"""A fire drill as text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tasktracker_ops.errors import Problem
from tasktracker_ops.models.drill import (
    DrilledAlarm,
    DrillRecord,
    DrillReport,
    DrillRequest,
    DrillResult,
    Notification,
    Transition,
)

AT = "2026-01-01T00:00:00.000Z"
DRILL = DrillResult(
    requests=(DrillRequest(AT, 500, 12.3, "abc=", True),),
    alarm="LambdaErrorAlarm",
    transitions=(Transition("ALARM", AT, 20.04, "why"), Transition("OK", AT, 80.0, "why")),
    notifications=(Notification("ALARM", AT, 20.04, "arn:topic", ("a@example.com",)),),
    waited=True,
    complete=True,
    problem=None,
)


def test_a_drill_lists_its_steps(show: Callable[..., str]) -> None:
    """Each step has its time since the first request."""
    assert show(DRILL).splitlines() == [
        "The drill is complete: LambdaErrorAlarm fired, notified, and is OK again.",
        "",
        "     0.0 s  1 request, 1 answered as expected, in up to 12 ms",
        "    20.0 s  ALARM",
        "    20.0 s  ALARM sent to a…@example.com",
        "    80.0 s  OK",
    ]


def test_a_drill_without_wait_proposes_to_follow_the_alarm(show: Callable[..., str]) -> None:
    """The command can be pasted."""
    text = show(replace(DRILL, transitions=(), notifications=(), waited=False))
    assert (
        "LambdaErrorAlarm should fire within minutes. Follow it:\n  tt-ops status --watch" in text
    )


def test_a_drill_without_an_alarm_says_so(show: Callable[..., str]) -> None:
    """It does not say that an alarm will fire."""
    text = show(replace(DRILL, alarm=None, transitions=(), notifications=(), waited=False))
    assert text.startswith("No alarm watches this metric. List the alarms:\n  tt-ops alarms\n")


def test_a_failed_drill_says_so(show: Callable[..., str]) -> None:
    """Its steps are still listed; the command prints the problem as an error."""
    problem = Problem("nobody-notified", "it fired, nobody was notified", "fix it: tt-ops deploy")
    text = show(replace(DRILL, complete=False, problem=problem))
    assert text.startswith("The drill failed.\n")
    assert "ALARM sent to a…@example.com" in text


DRILLED = DrilledAlarm("LambdaErrorAlarm", AT, 20.04, 20.04, 80.0, ("a…@example.com",), None)
RECORD = DrillRecord(AT, "ada@desk", "3f2c1a9", "7", None, True, (DRILLED,))


def test_a_report_has_the_steps_of_each_alarm(show: Callable[..., str]) -> None:
    """What kept its record from being stored is below them."""
    failed = replace(DRILL, alarm="LambdaDurationAlarm", complete=False)
    problem = Problem("aws-access-denied", "not stored", "ask: aws sts get-caller-identity")
    record = replace(RECORD, complete=False)
    lines = show(DrillReport(record, (DRILL, failed), (problem,))).splitlines()
    assert lines[0] == "LambdaErrorAlarm fired, notified, and is OK again"
    assert lines[2] == "    20.0 s  ALARM"
    assert "LambdaDurationAlarm failed its drill" in lines
    assert lines[-4:] == [
        "! not stored",
        "  ask: aws sts get-caller-identity",
        "",
        "The drill failed.",
    ]
    assert show(DrillReport(RECORD, (DRILL,))).endswith("\nAll alarms are proven.\n")


def test_a_recent_record_is_enough(show: Callable[..., str]) -> None:
    """It says whose it is."""
    text = show(DrillReport(RECORD, ()))
    assert text.startswith("All alarms were proven ")
    assert text.endswith(" d ago by ada@desk; nothing was fired.\n")
