"""Fire drills on the local target: an error or a slow request ends in a mail."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tasktracker_ops.local.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY

from .conftest import clients

if TYPE_CHECKING:
    from .conftest import Clone

_LIMIT = 240.0  # seconds
TOPIC = "arn:aws:sns:eu-west-3:123456789012:task-tracker-alerts"


@pytest.fixture(scope="module")
def live(prepared: Clone) -> Clone:
    """Deploy; the subscription is still pending."""
    prepared.succeed("deploy", "--yes")
    return prepared


@pytest.fixture(scope="module")
def operator(live: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """Return an empty folder with an endpoint and keys, without Terraform."""
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


def wait_for_alarms(clone: Clone, reached: Callable[[set[str]], bool]) -> None:
    """Wait until `reached` accepts the states of all alarms, read by boto3."""
    cloudwatch = clients(clone)("cloudwatch")
    deadline = time.monotonic() + _LIMIT
    while not reached({a["StateValue"] for a in cloudwatch.describe_alarms()["MetricAlarms"]}):
        assert time.monotonic() < deadline
        time.sleep(0.5)


@pytest.mark.extended
def test_unconfirmed_address_receives_nothing(live: Clone, operator: Clone) -> None:
    """`trigger-error --wait` and `status` exit 1 and say how to confirm, each on its target."""
    wait_for_alarms(live, lambda states: states == {"OK"})
    result = operator.run("trigger-error", "--wait", "--output", "json")
    error, done = json.loads(result.stderr)["error"], json.loads(result.stdout)
    assert (result.returncode, error["code"]) == (1, "nobody-notified")
    assert "o…@example.com is pending confirmation" in error["message"]
    assert f": aws sns subscribe --topic-arn {TOPIC}" in error["hint"]
    assert [step["state"] for step in done["transitions"]] == ["ALARM"]
    assert (done["complete"], done["notifications"]) == (False, [])
    seen = live.run("status")
    assert seen.returncode == 1
    assert "LambdaErrorAlarm fired and nobody was notified" in seen.stdout
    assert "tt-ops local confirm" in seen.stdout
    assert live.run("status", "--exit-code").returncode == 3


def test_drills_deliver_mail(live: Clone, operator: Clone) -> None:
    """Two drills at once fire, send mail and return to OK, without Terraform."""
    live.succeed("local", "confirm")
    wait_for_alarms(live, lambda states: states == {"OK"})
    drills = {
        "LambdaErrorAlarm": (live, "trigger-error"),
        "LambdaDurationAlarm": (operator, "trigger-slow"),
    }
    with ThreadPoolExecutor() as threads:
        running = {
            name: threads.submit(clone.read, command, "--wait")
            for name, (clone, command) in drills.items()
        }
        wait_for_alarms(live, lambda states: "ALARM" in states)
        firing = operator.run("status", "--exit-code")
    assert firing.returncode == 3
    for name, drill in running.items():
        done = drill.result()
        assert (done["alarm"], done["complete"], done["problem"]) == (name, True, None)
        assert [step["state"] for step in done["transitions"]] == ["ALARM", "OK"]
        assert [each["state"] for each in done["notifications"]] == ["ALARM", "OK"]
        assert done["notifications"][0]["endpoints"] == ["o…@example.com"]
        fired, ended = (step["after_seconds"] for step in done["transitions"])
        assert 0 <= fired < ended
    assert operator.run("status", "--exit-code").returncode == 0
    subjects = [mail["subject"] for mail in live.read("local", "inbox")["mails"]]
    for name in drills:
        assert f'ALARM: "{name}" in EU (Paris)' in subjects
        assert f'OK: "{name}" in EU (Paris)' in subjects


def test_history_shows_the_drills(operator: Clone) -> None:
    """The history has each transition with its reason, and the notification."""
    history = operator.read("alarms", "--history")["history"]
    assert [event["at"] for event in history] == sorted((e["at"] for e in history), reverse=True)
    fired = [event for event in history if event["new_state"] == "ALARM"]
    assert {event["alarm"] for event in fired} == {"LambdaErrorAlarm", "LambdaDurationAlarm"}
    assert all("was greater than the threshold" in event["reason"] for event in fired)
    assert any(event["succeeded"] and event["action"] == TOPIC for event in history)
