"""From a clone to a live Task Tracker and back, on the emulator with the real Terraform.

The tests share one deployment, in this order: fire drills, a change of the code, `destroy`.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
import requests

from tasktracker_ops.local.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY

from .conftest import clients

if TYPE_CHECKING:
    from .conftest import Clone

_LIMIT = 240.0  # seconds
TOPIC = "arn:aws:sns:eu-west-3:123456789012:task-tracker-alerts"


@pytest.fixture(scope="module")
def live(clone: Clone) -> Clone:
    """Deploy as README says."""
    clone.succeed("deploy", "--yes")
    return clone


@pytest.fixture(scope="module")
def api(live: Clone) -> str:
    """Return the API's address as `outputs` prints it."""
    return str(live.read("outputs")["api_url"])


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
def test_second_bootstrap_changes_nothing(live: Clone) -> None:
    """The state backend keeps its own state, so a second run is a comparison."""
    result = live.read("bootstrap")
    assert result["plan"]["changes"] == []


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


def test_code_change_updates_only_function_and_alias(live: Clone, api: str) -> None:
    """An edit is live after the deploy, which changes nothing else."""
    live.edit("lambda_function/api.py", '"status": "ok"', '"status": "edited"')
    deployed = live.read("deploy", "--yes")
    assert {(c["address"], c["action"]) for c in deployed["plan"]["changes"]} == {
        ("aws_lambda_function.tracker", "update"),
        ("aws_lambda_alias.live", "update"),
    }
    assert (deployed["previous_version"], deployed["version"]) == ("1", "2")
    assert requests.get(f"{api}/health", timeout=10).json()["status"] == "edited"


@pytest.mark.extended
def test_failed_smoke_check_restores_the_previous_version(live: Clone, api: str) -> None:
    """When the smoke check fails, the alias serves the previous version again."""
    live.edit("lambda_function/handler.py", "import api", "raise ImportError\nimport api")
    failed = live.run("deploy", "--yes", "--output", "json")
    live.edit("lambda_function/handler.py", "raise ImportError\n", "")
    assert failed.returncode == 1
    error = json.loads(failed.stderr)["error"]
    assert error["code"] == "smoke-check-failed"
    assert re.search(r"version \d serves again", error["message"])
    assert requests.get(f"{api}/health", timeout=10).status_code == 200


def test_destroy_leaves_nothing(live: Clone) -> None:
    """After destroy --backend the emulator is as empty as at first."""
    endpoint = live.read("local", "status")["url"]
    live.succeed("destroy", "--yes", "--backend")
    session = boto3.Session("a", "b", region_name="eu-west-3")

    def ask(service: str, call: str, key: str) -> list[object]:
        client = session.client(service, endpoint_url=endpoint)
        return list(getattr(client, call)()[key])

    assert ask("lambda", "list_functions", "Functions") == []
    assert ask("apigatewayv2", "get_apis", "Items") == []
    assert ask("cloudwatch", "list_dashboards", "DashboardEntries") == []
    assert ask("cloudwatch", "describe_alarms", "MetricAlarms") == []
    assert ask("sns", "list_topics", "Topics") == []
    assert ask("logs", "describe_log_groups", "logGroups") == []
    assert ask("ssm", "describe_parameters", "Parameters") == []
    assert ask("iam", "list_roles", "Roles") == []
    assert ask("dynamodb", "list_tables", "TableNames") == []
    assert ask("s3", "list_buckets", "Buckets") == []
