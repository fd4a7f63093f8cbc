"""Alarms and their history as text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tasktracker_ops.errors import Problem
from tasktracker_ops.models.alarm import AlarmEvent, AlarmReport, MuteResult, UnmuteResult
from tasktracker_ops.models.times import timestamp
from tasktracker_ops.output.alarm import short_reason
from tests.alarm import FREEZE, LOAD_TEST, TOPIC, alarm_on_errors

ALARM = alarm_on_errors(
    state="ALARM",
    since=timestamp(datetime.now(UTC) - timedelta(seconds=12000)),
    reason="Threshold Crossed: 1 out of the last 1 datapoints [2.0 (22/11/26 20:05:11)] was greater"
    " than the threshold (0.0) (minimum 1 datapoint for OK -> ALARM transition).",
    description="It failed.",
    evaluation_periods=3,
    datapoints_to_alarm=2,
    ok_actions=(),
)
TRANSITION = AlarmEvent(
    "LambdaErrorAlarm",
    "2026-01-01T00:00:00.123Z",
    "StateUpdate",
    "Alarm updated from OK to ALARM",
    "OK",
    "ALARM",
    ALARM.reason,
)
ACTION = AlarmEvent(
    "LambdaErrorAlarm", "2026-01-01T00:00:00.123Z", "Action", "done", action=TOPIC, succeeded=True
)
HOSTILE = "\x1b[2J\rover\x9b31m\u202e"


@pytest.mark.parametrize(
    ("reason", "gist"),
    [
        (ALARM.reason, "2.0 was greater than 0.0"),
        (
            "Threshold Crossed: 2 out of the last 3 datapoints [1.0 (01/01/26 00:00:00), 2.0 "
            "(01/01/26 00:01:00)] were greater than or equal to the threshold (0.5) (minimum 2 "
            "datapoints for OK -> ALARM transition).",
            "2 of 3 datapoints were greater than or equal to 0.5",
        ),
        (
            "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint "
            "was treated as [NonBreaching].",
            "no datapoints for 1 period",
        ),
        ("Unchecked: Initial alarm creation", "Unchecked: Initial alarm creation"),
        ("by hand", "by hand"),
    ],
)
def test_a_reason_is_shortened_to_its_gist(reason: str, gist: str) -> None:
    """A text that CloudWatch did not write is kept."""
    assert short_reason(reason) == gist


def test_an_alarm_shows_its_condition_and_actions(show: Callable[..., str]) -> None:
    """They are worded as in CloudWatch's console."""
    text = show(AlarmReport((ALARM, replace(ALARM, actions_enabled=False))))
    assert f"LambdaErrorAlarm  ALARM      since {ALARM.since} (3 h ago)\n" in text
    assert "condition  Errors Sum > 0, 2 of 3 periods of 60 s, missing data notBreaching" in text
    assert "actions    ALARM → task-tracker-alerts; OK → none\n" in text
    assert "actions    disabled (ALARM → task-tracker-alerts; OK → none)" in text
    assert "1 out of the last 1 datapoints [2.0] was greater than the threshold (0.0)\n" in text


def test_a_history_is_a_table(show: Callable[..., str]) -> None:
    """A transition has its reason, an action its outcome."""
    failed = replace(ACTION, succeeded=False)
    other = replace(ACTION, kind="ConfigurationUpdate", action=None, summary='Alarm "a" created')
    text = show(AlarmReport((ALARM,), (TRANSITION, ACTION, failed, other)))
    rows = text.splitlines()[-4:]
    assert rows[0].startswith("2026-01-01T00:00:00Z  LambdaErrorAlarm  OK → ALARM: 1 out of the")
    assert rows[1].endswith("  notified task-tracker-alerts")
    assert rows[2].endswith("  FAILED to notify task-tracker-alerts")
    assert rows[3].endswith('  Alarm "a" created')


def test_a_history_is_wrapped_to_the_terminal(show_on_terminal: Callable[..., str]) -> None:
    """A reason is kept whole."""
    text = show_on_terminal(AlarmReport((), (TRANSITION,)), no_color=True)
    rows = text.splitlines()[-3:]
    assert max(map(len, rows)) <= 80
    words = " ".join(" ".join(row[40:] for row in rows).split())
    assert words.endswith("datapoints [2.0] was greater than the threshold (0.0)")


def test_a_missing_alarm_is_a_problem(show: Callable[..., str]) -> None:
    """It follows the existing alarms."""
    problem = Problem("alarm-missing", "the alarm 'a' is missing", "create it: tt-ops deploy")
    text = show(AlarmReport((ALARM,), problems=(problem,)))
    assert text.endswith("\n\n! the alarm 'a' is missing\n  create it: tt-ops deploy\n")


def test_no_alarms_and_no_history_are_sentences(show: Callable[..., str]) -> None:
    """Neither prints an empty table."""
    assert show(AlarmReport((), ())) == "There are no alarms.\n\nThe history is empty.\n"


def in_minutes(minutes: float) -> str:
    """Return a time so many minutes ahead."""
    return timestamp(datetime.now(UTC) + timedelta(minutes=minutes, seconds=5))


def test_a_muted_alarm_shows_each_rule(show: Callable[..., str]) -> None:
    """Until when, by whom and why; where rules cannot be read, that is unknown."""
    until = in_minutes(42)
    rules = (replace(LOAD_TEST, until=until), FREEZE)
    text = show(AlarmReport((replace(ALARM, muted_by=rules, muted_until=until),)))
    assert f"muted      until {until} (for 42 min), by ada@desk: load test\n" in text
    assert "           recurring, by 'freeze': the holidays\n" in text
    assert "muted      unknown" in show(AlarmReport((ALARM,)))
    assert "muted" not in show(AlarmReport((replace(ALARM, muted_by=()),)))


def test_muting_says_until_when(show: Callable[..., str]) -> None:
    """And how to end it before."""
    until = in_minutes(42)
    result = MuteResult(("LambdaErrorAlarm", "LambdaDurationAlarm"), until, "x", "ada@desk")
    assert show(result).splitlines() == [
        f"LambdaErrorAlarm and LambdaDurationAlarm notify nobody until {until}, for 42 min.",
        "Unmute before that:",
        "  tt-ops alarms unmute",
    ]
    one = replace(result, alarms=("LambdaErrorAlarm",))
    assert show(one).startswith("LambdaErrorAlarm notifies nobody until ")


def test_unmuting_says_what_follows(show: Callable[..., str]) -> None:
    """An alarm in ALARM notifies at once."""
    problem = Problem("alarm-muted", "C is muted", "delete the rule: aws cloudwatch")
    text = show(UnmuteResult(("A",), ("B",), ("A",), (problem,)))
    assert text.splitlines() == [
        "A is unmuted.",
        "B was not muted.",
        "A is in ALARM: CloudWatch notifies of it now.",
        "! C is muted",
        "  delete the rule: aws cloudwatch",
    ]


def test_control_characters_are_escaped(show: Callable[..., str]) -> None:
    """Names, reasons, metrics and actions are printed escaped."""
    alarm = replace(ALARM, name=HOSTILE, reason=HOSTILE, metric=HOSTILE, alarm_actions=(HOSTILE,))
    event = replace(TRANSITION, reason=HOSTILE, new_state=HOSTILE)
    text = show(AlarmReport((alarm,), (event,)))
    assert not set(text) & set("\x1b\r\x9b\u202e")
    assert "\\x1b[2J" in text
