"""A status, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tasktracker_ops.errors import Problem
from tasktracker_ops.models.lock import DeployLockStatus, TerraformLock
from tasktracker_ops.models.release import ServingRelease
from tasktracker_ops.models.status import (
    ApiHealth,
    FunctionState,
    Status,
    Subscription,
)
from tasktracker_ops.models.times import timestamp
from tests.alarm import TOPIC, alarm_on_errors


def ago(seconds: float) -> str:
    """Return the time so many seconds ago."""
    return timestamp(datetime.now(UTC) - timedelta(seconds=seconds))


ALARM = alarm_on_errors(
    state="ALARM",
    since=ago(12000),
    reason="Threshold Crossed: 1 out of the last 1 datapoints [2.0 (22/11/26 20:05:11)] was greater"
    " than the threshold (0.0) (minimum 1 datapoint for OK -> ALARM transition).",
)
STATUS = Status(
    healthy=False,
    api=ApiHealth("https://api.example.com", "NONE", True, True, 200, 41.2),
    function=FunctionState("tracker", "live", "7", "python3.12", "Active", ago(7300)),
    alarms=(ALARM,),
    subscriptions=(
        Subscription("email", "a@example.com", True, f"{TOPIC}:1"),
        Subscription("email", "b@example.com", False, None),
    ),
    state_lock=TerraformLock(True, "7d2f", "me@host", "apply", ago(200000)),
    deploy_lock=DeployLockStatus(
        held=True,
        id="9e1c",
        who="me@host",
        command="deploy",
        since=ago(200000),
        commit="0a1b2c3d4e",
        run_url="https://github.com/o/r/actions/runs/1",
        heartbeat_age=4,
    ),
    releases=(
        ServingRelease("7", 0.9, "3f2c1a9d", True, "ada@laptop", ago(7300), "proven"),
        ServingRelease("8", 0.1, None, False, None, ago(7300), "baking"),
    ),
    problems=(Problem("nobody-notified", "nobody was notified", "fix it: tt-ops deploy"),),
    alarm_names=("LambdaErrorAlarm",),
    alarms_proven_at=ago(12000),
)
HOSTILE = "\x1b[2J\rover\x9b31m\u202e"


def test_a_status_is_one_screen(show: Callable[..., str]) -> None:
    """It has states, relative times, shortened reasons, problems and commands."""
    assert show(STATUS).splitlines() == [
        "Task Tracker at https://api.example.com",
        "",
        "API               OK         200 in 41 ms",
        "                             public: anyone with the URL can call it",
        "function          Active     version 7 (live), python3.12, changed 2 h ago",
        "release           proven     7, 90% of the requests, 3f2c1a9 + changes, 2 h ago",
        "                  baking     8, 10% of the requests, no commit, 2 h ago",
        "LambdaErrorAlarm  ALARM      3 h ago: 2.0 was greater than 0.0",
        "alarms            proven     3 h ago",
        "subscriptions     confirmed  a…@example.com",
        "                  PENDING    b…@example.com",
        "deploy lock       HELD       by me@host (deploy) 2 d ago",
        "                             heartbeat 4 s ago, 9e1c",
        "                             commit 0a1b2c3",
        "                             https://github.com/o/r/actions/runs/1",
        "state lock        HELD       by me@host (apply) 2 d ago, 7d2f",
        "",
        "! nobody was notified",
        "  fix it: tt-ops deploy",
    ]


def test_a_status_names_what_is_missing(show: Callable[..., str]) -> None:
    """Each row stays in its place."""
    nothing = replace(
        STATUS,
        api=ApiHealth("https://api.example.com", "AWS_IAM", False, False, None, None),
        function=None,
        alarms=(),
        subscriptions=(),
        state_lock=TerraformLock(held=None),
        deploy_lock=DeployLockStatus(held=None),
        problems=(Problem("function-missing", "it is missing", "create it: tt-ops deploy"),),
    )
    text = show(nothing)
    for words in (
        "DOWN       no response",
        "requires authentication (AWS_IAM)",
        "function          missing",
        "LambdaErrorAlarm  missing",
        "subscriptions     none       nobody is notified",
        "deploy lock       unknown    the state backend cannot be read from here",
        "state lock        unknown",
    ):
        assert words in text


def test_what_could_not_be_read_is_unknown(show: Callable[..., str]) -> None:
    """It is not called missing; in JSON it is null."""
    status = replace(STATUS, function=None, alarms=None, subscriptions=None)
    text = show(status)
    assert "function          unknown    the function cannot be read from here" in text
    assert "LambdaErrorAlarm  unknown    the alarms cannot be read from here" in text
    assert "subscriptions     unknown    the subscriptions cannot be read from here" in text
    found = json.loads(show(status, output="json"))
    assert (found["function"], found["alarms"], found["subscriptions"]) == (None, None, None)
    assert found["alarm_names"] == ["LambdaErrorAlarm"]


def test_a_status_fits_the_terminal(show_on_terminal: Callable[..., str]) -> None:
    """A long reason is cut off."""
    long = replace(ALARM, reason="because " * 40)
    text = show_on_terminal(replace(STATUS, alarms=(long,)), no_color=True)
    assert max(map(len, text.splitlines())) <= 80
    assert "…" in text


@pytest.mark.parametrize(("no_color", "code"), [(False, True), (True, False)])
def test_states_are_coloured_on_a_terminal(
    show_on_terminal: Callable[..., str], no_color: bool, code: bool
) -> None:
    """--no-color turns colours off."""
    assert ("\x1b[31m\x1b[1mALARM" in show_on_terminal(STATUS, no_color=no_color)) == code


def redraw(show_on_terminal: Callable[..., str], **settings: Any) -> str:
    """Return what redrawing a status writes to the terminal."""
    return show_on_terminal([STATUS, STATUS], **settings)


def test_redrawing_uses_the_alternate_screen(
    show_on_terminal: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A status is cut to the screen; the last one is printed whole on the normal screen."""
    monkeypatch.setenv("LINES", "6")
    screen, after = redraw(show_on_terminal).split("\x1b[?25h\x1b[?1049l")
    before, *screens = screen.split("\x1b[H")
    assert before == "\x1b[?1049h"
    screens = [drawn for drawn in screens if "Task Tracker at" in drawn]
    assert len(screens) == 2
    for drawn in screens:
        assert drawn.rstrip().endswith("\n…")
        assert drawn.count("\n") == 5
    assert after.endswith("fix it: tt-ops deploy\n")


@pytest.mark.parametrize("settings", [{"no_color": True}, {"environ": {"TERM": "dumb"}}])
def test_a_terminal_without_colours_gets_no_escape_sequences(
    show_on_terminal: Callable[..., str], settings: dict[str, Any]
) -> None:
    """Each status is printed below the one before."""
    text = redraw(show_on_terminal, **settings)
    assert text.count("Task Tracker at") == 2
    assert "\x1b" not in text


def test_control_characters_are_escaped(show: Callable[..., str]) -> None:
    """Names, reasons, addresses and a lock's holder are printed escaped."""
    status = replace(
        STATUS,
        alarms=(replace(ALARM, name=HOSTILE, reason=HOSTILE),),
        function=FunctionState(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE),
        subscriptions=(Subscription("email", HOSTILE, False, None),),
        state_lock=TerraformLock(True, HOSTILE, HOSTILE, HOSTILE, HOSTILE),
        deploy_lock=DeployLockStatus(True, *[HOSTILE] * 7),
        releases=(ServingRelease(HOSTILE, 1, HOSTILE, True, HOSTILE, HOSTILE, HOSTILE),),
        problems=(Problem("x", HOSTILE, HOSTILE),),
    )
    text = show(status)
    assert not set(text) & set("\x1b\r\x9b\u202e")
    assert "\\x1b[2J" in text


def test_an_outcome_that_cannot_be_read_is_unknown(show: Callable[..., str]) -> None:
    """A release alone takes all requests; `$LATEST` is none."""
    alone = replace(STATUS.releases[0], outcome=None)
    text = show(replace(STATUS, releases=(alone,)))
    assert "release           unknown    7, 3f2c1a9 + changes, 2 h ago\n" in text
    text = show(replace(STATUS, releases=(replace(alone, release="$LATEST"),)))
    assert "release           none       the alias points to $LATEST\n" in text
