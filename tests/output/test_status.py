"""The screens of `status` and `alarms`."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tasktracker_ops.errors import Problem
from tasktracker_ops.models.alarm import AlarmEvent, AlarmReport
from tasktracker_ops.models.status import (
    ApiHealth,
    FunctionState,
    Lock,
    Status,
    Subscription,
)
from tasktracker_ops.models.times import timestamp
from tasktracker_ops.output.console import Console
from tasktracker_ops.output.text import ago
from tasktracker_ops.settings import Settings
from tests.alarm import TOPIC, alarm_on_errors


def earlier(seconds: float) -> str:
    """A time so many seconds ago."""
    return timestamp(datetime.now(UTC) - timedelta(seconds=seconds))


ALARM = alarm_on_errors(
    state="ALARM",
    since=earlier(12000),
    reason="Threshold Crossed: 1 out of the last 1 datapoints [2.0 (22/11/26 20:05:11)] was greater"
    " than the threshold (0.0) (minimum 1 datapoint for OK -> ALARM transition).",
    description="It failed.",
    evaluation_periods=3,
    datapoints_to_alarm=2,
    ok_actions=(),
)
STATUS = Status(
    healthy=False,
    api=ApiHealth("https://api.example.com", "NONE", True, True, 200, 41.2),
    function=FunctionState("tracker", "live", "7", "python3.12", "Active", earlier(7300)),
    alarms=(ALARM,),
    subscriptions=(
        Subscription("email", "a@example.com", True, f"{TOPIC}:1"),
        Subscription("email", "b@example.com", False, None),
    ),
    lock=Lock(True, "7d2f", "me@host", "apply", earlier(200000)),
    problems=(Problem("nobody-told", "it fired and nobody was told", "mend it: tt-ops deploy"),),
    alarm_names=("LambdaErrorAlarm",),
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


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Print a result and give what was printed."""

    def show(result: Any, **settings: Any) -> str:
        Console(Settings(**settings)).emit(result)
        return capsys.readouterr().out

    return show


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Print a result on a terminal of 80 columns and give what was printed."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def show(result: Any, **settings: Any) -> str:
        terminal = Terminal()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", terminal)
            patch.setenv("COLUMNS", "80")
            console = Console(Settings(**settings))
            (console.redraw if isinstance(result, list) else console.emit)(result)
        return terminal.getvalue()

    return show


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        ([], "healthy api function alarms subscriptions lock problems alarm_names"),
        (["api"], "url auth public healthy status latency_ms"),
        (["function"], "name alias version runtime state changed_at"),
        (["subscriptions", 0], "protocol endpoint confirmed arn"),
        (["lock"], "held id who operation since"),
        (["problems", 0], "code message hint"),
    ],
)
def test_the_keys_of_a_status_are_kept(
    shown: Callable[..., str], value: list[Any], keys: str
) -> None:
    """Scripts read them."""
    found = json.loads(shown(STATUS, output="json"))
    for step in value:
        found = found[step]
    assert list(found) == keys.split()


def test_the_keys_of_alarms_are_kept(shown: Callable[..., str]) -> None:
    """Those of the history as well; they may become more."""
    found = json.loads(shown(AlarmReport((ALARM,), (TRANSITION,)), output="json"))
    assert list(found) == ["alarms", "history", "problems"]
    names = "name state since reason description namespace metric statistic comparison threshold "
    names += "period evaluation_periods datapoints_to_alarm missing_data actions_enabled "
    names += "alarm_actions ok_actions insufficient_data_actions"
    assert list(found["alarms"][0])[:18] == names.split()
    event = "alarm at kind summary old_state new_state reason action succeeded"
    assert list(found["history"][0]) == event.split()


def test_a_status_says_what_matters(shown: Callable[..., str]) -> None:
    """States in words, times from now, sentences shortened, and commands."""
    assert shown(STATUS).splitlines() == [
        "Task Tracker at https://api.example.com",
        "",
        "API               OK         200 in 41 ms",
        "                             public: anyone with the URL can call it",
        "function          Active     version 7 (live), python3.12, changed 2 h ago",
        "LambdaErrorAlarm  ALARM      3 h ago: 2.0 was greater than 0.0",
        "subscriptions     confirmed  a…@example.com",
        "                  PENDING    b…@example.com",
        "state lock        HELD       by me@host (apply) 2 d ago, 7d2f",
        "",
        "! it fired and nobody was told",
        "  mend it: tt-ops deploy",
    ]


def test_a_status_says_what_is_not_there(shown: Callable[..., str]) -> None:
    """Each in its place."""
    nothing = replace(
        STATUS,
        api=ApiHealth("https://api.example.com", "AWS_IAM", False, False, None, None),
        function=None,
        alarms=(),
        subscriptions=(),
        lock=Lock(held=None),
        problems=(Problem("function-missing", "it is gone", "put it back: tt-ops deploy"),),
    )
    text = shown(nothing)
    for words in (
        "DOWN       no answer",
        "callers identify themselves (AWS_IAM)",
        "function          gone",
        "LambdaErrorAlarm  gone",
        "subscriptions     none       nobody is told",
        "state lock        unknown",
    ):
        assert words in text


def test_what_could_not_be_read_is_not_called_gone(shown: Callable[..., str]) -> None:
    """Neither on the screen nor in JSON."""
    dark = replace(STATUS, function=None, alarms=None, subscriptions=None)
    text = shown(dark)
    assert "function          unknown    the function cannot be read from here" in text
    assert "LambdaErrorAlarm  unknown    the alarms cannot be read from here" in text
    assert "subscriptions     unknown    the subscriptions cannot be read from here" in text
    found = json.loads(shown(dark, output="json"))
    assert (found["function"], found["alarms"], found["subscriptions"]) == (None, None, None)
    assert found["alarm_names"] == ["LambdaErrorAlarm"]


def test_a_status_fits_a_terminal(on_terminal: Callable[..., str]) -> None:
    """A long reason is cut."""
    long = replace(ALARM, reason="because " * 40)
    text = on_terminal(replace(STATUS, alarms=(long,)), no_color=True)
    assert max(map(len, text.splitlines())) <= 80
    assert "…" in text


@pytest.mark.parametrize(("no_color", "code"), [(False, True), (True, False)])
def test_states_are_coloured_where_somebody_looks(
    on_terminal: Callable[..., str], no_color: bool, code: bool
) -> None:
    """Unless colours are not wanted."""
    assert ("\x1b[31m\x1b[1mALARM" in on_terminal(STATUS, no_color=no_color)) == code


def watched(on_terminal: Callable[..., str], **settings: Any) -> str:
    """What two looks on a terminal of 80 columns and 6 rows write to it."""
    return on_terminal([STATUS, STATUS], **settings)


def test_watching_leaves_the_terminal_as_it_was(
    on_terminal: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a screen of its own, never more than fits; the last look stays, whole."""
    monkeypatch.setenv("LINES", "6")
    screen, after = watched(on_terminal).split("\x1b[?25h\x1b[?1049l")
    before, *looks = screen.split("\x1b[H")
    assert before == "\x1b[?1049h"
    looks = [look for look in looks if "Task Tracker at" in look]
    assert len(looks) == 2
    for look in looks:
        assert look.rstrip().endswith("\n…")
        assert look.count("\n") == 5
    assert after.endswith("mend it: tt-ops deploy\n")


@pytest.mark.parametrize("settings", [{"no_color": True}, {"environ": {"TERM": "dumb"}}])
def test_a_terminal_that_takes_no_commands_gets_none(
    on_terminal: Callable[..., str], settings: dict[str, Any]
) -> None:
    """One look below the other, without a colour."""
    text = watched(on_terminal, **settings)
    assert text.count("Task Tracker at") == 2
    assert "\x1b" not in text


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
def test_a_reason_becomes_a_few_words(shown: Callable[..., str], reason: str, gist: str) -> None:
    """What is no sentence of CloudWatch's is left as it is."""
    text = shown(replace(STATUS, alarms=(replace(ALARM, reason=reason),)))
    assert f"3 h ago: {gist}\n" in text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-3, "0 s"), (59, "59 s"), (60, "1 min"), (7199, "119 min"), (7200, "2 h"), (172800, "2 d")],
)
def test_times_are_told_from_now(seconds: float, words: str) -> None:
    """In the unit that people would take."""
    assert ago(earlier(seconds)) == f"{words} ago"


def test_what_is_no_time_is_left_as_it_is() -> None:
    """A lock's holder may have written anything."""
    assert ago("yesterday") == "yesterday"


def test_alarms_say_their_condition_and_actions(shown: Callable[..., str]) -> None:
    """In the words of CloudWatch's console."""
    text = shown(AlarmReport((ALARM, replace(ALARM, actions_enabled=False))))
    assert f"LambdaErrorAlarm  ALARM      since {ALARM.since} (3 h ago)\n" in text
    assert "condition  Errors Sum > 0, 2 of 3 periods of 60 s, missing data notBreaching" in text
    assert "actions    ALARM → task-tracker-alerts; OK → none\n" in text
    assert "actions    disabled (ALARM → task-tracker-alerts; OK → none)" in text
    assert "1 out of the last 1 datapoints [2.0] was greater than the threshold (0.0)\n" in text


def test_a_history_is_a_table(shown: Callable[..., str]) -> None:
    """Transitions with their reason, actions with whether they were carried out."""
    failed = replace(ACTION, succeeded=False)
    other = replace(ACTION, kind="ConfigurationUpdate", action=None, summary='Alarm "a" created')
    text = shown(AlarmReport((ALARM,), (TRANSITION, ACTION, failed, other)))
    rows = text.splitlines()[-4:]
    assert rows[0].startswith("2026-01-01T00:00:00Z  LambdaErrorAlarm  OK → ALARM: 1 out of the")
    assert rows[1].endswith("  told task-tracker-alerts")
    assert rows[2].endswith("  FAILED to tell task-tracker-alerts")
    assert rows[3].endswith('  Alarm "a" created')


def test_a_history_is_wrapped_on_a_terminal(on_terminal: Callable[..., str]) -> None:
    """Nothing of a reason is lost."""
    text = on_terminal(AlarmReport((), (TRANSITION,)), no_color=True)
    rows = text.splitlines()[-3:]
    assert max(map(len, rows)) <= 80
    words = " ".join(" ".join(row[40:] for row in rows).split())
    assert words.endswith("datapoints [2.0] was greater than the threshold (0.0)")


def test_an_alarm_that_is_gone_is_told(shown: Callable[..., str]) -> None:
    """Below those that are there."""
    problem = Problem("alarm-missing", "the alarm 'a' is gone", "put it back: tt-ops deploy")
    text = shown(AlarmReport((ALARM,), problems=(problem,)))
    assert text.endswith("\n\n! the alarm 'a' is gone\n  put it back: tt-ops deploy\n")


def test_nothing_is_said_plainly(shown: Callable[..., str]) -> None:
    """No alarms, no history."""
    assert shown(AlarmReport((), ())) == "There are no alarms.\n\nNothing happened.\n"


@pytest.mark.parametrize("result", ["status", "alarms"])
def test_nothing_from_outside_commands_the_terminal(shown: Callable[..., str], result: str) -> None:
    """Names, reasons, addresses, a lock's holder."""
    alarm = replace(ALARM, name=HOSTILE, reason=HOSTILE, metric=HOSTILE, alarm_actions=(HOSTILE,))
    event = replace(TRANSITION, reason=HOSTILE, new_state=HOSTILE)
    status = replace(
        STATUS,
        alarms=(alarm,),
        function=FunctionState(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE),
        subscriptions=(Subscription("email", HOSTILE, False, None),),
        lock=Lock(True, HOSTILE, HOSTILE, HOSTILE, HOSTILE),
        problems=(Problem("x", HOSTILE, HOSTILE),),
    )
    text = shown(status if result == "status" else AlarmReport((alarm,), (event,)))
    assert not set(text) & set("\x1b\r\x9b\u202e")
    assert "\\x1b[2J" in text
