"""Fire drills on the embedded AWS: an error, or a slow request, really reaches a mailbox."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tasktracker_ops.emulator.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY

if TYPE_CHECKING:
    from .conftest import Clone

TOPIC = "arn:aws:sns:eu-west-3:123456789012:task-tracker-alerts"


@pytest.fixture(scope="module")
def live(clone: Clone) -> Clone:
    """A deployment whose mail nobody has confirmed yet."""
    clone.succeed("deploy", "--yes")
    return clone


@pytest.fixture(scope="module")
def stranger(live: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """Somebody with an endpoint and keys, but no clone and no Terraform."""
    endpoint = live.read("local", "status")["url"]
    nowhere: Path = tmp_path_factory.mktemp("nowhere")
    environment = {
        "HOME": str(nowhere),
        "PATH": "",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
    }
    return type(live)(nowhere, environment)


def until(seconds: float, reached: Callable[[], bool]) -> None:
    """Wait for something, so many seconds at most."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(3)


def states(observer: Clone) -> set[str]:
    """The states of all alarms."""
    seen = json.loads(observer.run("status", "--output", "json").stdout)
    return {alarm["state"] for alarm in seen["alarms"]}


@pytest.mark.soak
def test_unconfirmed_address_receives_nothing(live: Clone, stranger: Clone) -> None:
    """`trigger-error --wait` and `status` exit 1 and say what helps, each on its target."""
    until(60, lambda: states(stranger) == {"OK"})
    result = stranger.run("trigger-error", "--wait", "--output", "json")
    error, done = json.loads(result.stderr)["error"], json.loads(result.stdout)
    assert (result.returncode, error["code"]) == (1, "nobody-told")
    assert "o…@example.com has not confirmed" in error["message"]
    assert f": aws sns subscribe --topic-arn {TOPIC}" in error["hint"]
    assert [step["state"] for step in done["transitions"]] == ["ALARM"]
    assert (done["complete"], done["notifications"]) == (False, [])
    seen = live.run("status")
    assert seen.returncode == 1
    assert "LambdaErrorAlarm fired and nobody was told" in seen.stdout
    assert "tt-ops local confirm" in seen.stdout
    assert live.run("status", "--exit-code").returncode == 3


def test_drills_deliver_mail(live: Clone, stranger: Clone) -> None:
    """Both at once: fired, told, OK again; `status` follows, and Terraform never runs."""
    live.succeed("local", "confirm")
    until(120, lambda: stranger.run("status", "--exit-code").returncode == 0)
    # On the embedded target, and as somebody else sees it.
    shots = {
        "LambdaErrorAlarm": (live, "trigger-error", 150.0),
        "LambdaDurationAlarm": (stranger, "trigger-slow", 240.0),
    }
    with ThreadPoolExecutor() as threads:
        running = {
            name: threads.submit(_timed, observer, command)
            for name, (observer, command, _) in shots.items()
        }
        codes = set()
        while not all(drill.done() for drill in running.values()):
            codes.add(stranger.run("status", "--exit-code").returncode)
            time.sleep(3)
    assert 3 in codes
    assert codes <= {0, 3}
    for name, (_, _, limit) in shots.items():
        done, seconds = running[name].result()
        assert seconds < limit
        assert (done["alarm"], done["complete"], done["problem"]) == (name, True, None)
        assert [step["state"] for step in done["transitions"]] == ["ALARM", "OK"]
        assert [told["state"] for told in done["notifications"]] == ["ALARM", "OK"]
        assert done["notifications"][0]["endpoints"] == ["o…@example.com"]
        assert (
            0 <= done["transitions"][0]["after_seconds"] < done["transitions"][1]["after_seconds"]
        )
    assert stranger.run("status", "--exit-code").returncode == 0
    subjects = [mail["subject"] for mail in live.read("local", "inbox")["mails"]]
    for name in shots:
        assert f'ALARM: "{name}" in EU (Paris)' in subjects
        assert f'OK: "{name}" in EU (Paris)' in subjects


def test_history_shows_the_drills(stranger: Clone) -> None:
    """Transitions with reasons, and whom the alarm told."""
    history = stranger.read("alarms", "--history")["history"]
    assert [event["at"] for event in history] == sorted((e["at"] for e in history), reverse=True)
    fired = [event for event in history if event["new_state"] == "ALARM"]
    assert {event["alarm"] for event in fired} == {"LambdaErrorAlarm", "LambdaDurationAlarm"}
    assert all("was greater than the threshold" in event["reason"] for event in fired)
    assert any(event["succeeded"] and event["action"] == TOPIC for event in history)


def _timed(observer: Clone, command: str) -> tuple[Any, float]:
    started = time.monotonic()
    return observer.read(command, "--wait"), time.monotonic() - started
