"""The text and the keys of a fire drill."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tasktracker_ops.errors import Problem
from tasktracker_ops.models.drill import DrillRequest, DrillResult, Notification, Transition
from tasktracker_ops.output.console import Console
from tasktracker_ops.settings import Settings

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


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Print a result and give what was printed."""

    def show(result: Any, **settings: Any) -> str:
        Console(Settings(**settings)).emit(result)
        return capsys.readouterr().out

    return show


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        ([], "requests alarm transitions notifications waited complete problem"),
        (["requests", 0], "at status latency_ms request_id expected"),
        (["transitions", 0], "state at after_seconds reason"),
        (["notifications", 0], "state at after_seconds topic endpoints"),
    ],
)
def test_the_keys_of_a_drill_are_kept(
    shown: Callable[..., str], value: list[Any], keys: str
) -> None:
    """Scripts read them."""
    found = json.loads(shown(DRILL, output="json"))
    for step in value:
        found = found[step]
    assert list(found) == keys.split()


def test_a_drill_is_told_step_by_step(shown: Callable[..., str]) -> None:
    """Each with its time since the first request."""
    assert shown(DRILL).splitlines() == [
        "The drill is complete: LambdaErrorAlarm fired, somebody was told, and it is OK again.",
        "",
        "     0.0 s  1 request, 1 answered as expected, in up to 12 ms",
        "    20.0 s  ALARM",
        "    20.0 s  told a…@example.com of ALARM",
        "    80.0 s  OK",
    ]


def test_a_drill_without_waiting_says_how_to_follow(shown: Callable[..., str]) -> None:
    """With the command."""
    text = shown(replace(DRILL, transitions=(), notifications=(), waited=False))
    assert "LambdaErrorAlarm will fire within minutes. Follow it:\n  tt-ops status --watch" in text


def test_a_drill_without_an_alarm_promises_nothing(shown: Callable[..., str]) -> None:
    """Nothing will fire."""
    text = shown(replace(DRILL, alarm=None, transitions=(), notifications=(), waited=False))
    assert text.startswith("No alarm watches for this. See which there are:\n  tt-ops alarms\n")


def test_a_drill_that_went_wrong_claims_nothing(shown: Callable[..., str]) -> None:
    """What was wrong is said as an error."""
    problem = Problem("nobody-told", "it fired and nobody was told", "mend it: tt-ops deploy")
    text = shown(replace(DRILL, complete=False, problem=problem))
    assert text.startswith("The drill did not go as it should.\n")
    assert "told a…@example.com" in text
