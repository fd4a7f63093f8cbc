"""From a clone to a live Task Tracker and back, on the embedded AWS with the real Terraform."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
import requests

if TYPE_CHECKING:
    from tests.e2e.conftest import Clone


@pytest.fixture(scope="module")
def live(clone: Clone) -> Clone:
    """A clone that was deployed with the README's words."""
    clone.succeed("deploy", "--yes")
    return clone


@pytest.fixture(scope="module")
def api(live: Clone) -> str:
    """The API's address as `outputs` prints it."""
    return str(live.read("outputs")["api_url"])


def test_the_api_creates_lists_reads_updates_and_deletes(live: Clone, api: str) -> None:
    """A plain HTTP client can do everything with tasks."""
    created = requests.post(f"{api}/tasks", json={"title": "first"}, timeout=10)
    assert created.status_code == 201
    task = created.json()
    address = requests.compat.urljoin(created.url, created.headers["Location"])
    assert requests.get(address, timeout=10).json() == task
    assert task in requests.get(f"{api}/tasks", timeout=10).json()
    changed = requests.put(address, json={"status": "done"}, timeout=10).json()
    assert (changed["status"], changed["title"], changed["version"]) == ("done", "first", 2)
    assert requests.delete(address, timeout=10).status_code == 204
    assert requests.get(address, timeout=10).status_code == 404


def test_the_second_plan_is_empty(live: Clone) -> None:
    """Right after a deploy, Terraform finds nothing to change."""
    result = live.run("plan", "--detailed-exitcode")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "No changes" in result.stdout


def test_a_second_deploy_has_nothing_to_do(live: Clone) -> None:
    """No change is success, and said."""
    assert "Nothing to do" in live.succeed("deploy", "--yes")


def test_a_second_bootstrap_changes_nothing(live: Clone) -> None:
    """The state backend keeps its own state, so a second run is a comparison."""
    result = live.read("bootstrap")
    assert result["plan"]["changes"] == []


def test_a_change_of_the_code_touches_the_function_and_its_alias_only(
    live: Clone, api: str
) -> None:
    """What was edited is live after the deploy, and nothing else moved."""
    live.edit("lambda_function/api.py", '"status": "ok"', '"status": "edited"')
    planned = live.run("plan", "--detailed-exitcode", "--output", "json")
    assert planned.returncode == 2
    assert {(c["address"], c["action"]) for c in json.loads(planned.stdout)["changes"]} == {
        ("aws_lambda_function.tracker", "update"),
        ("aws_lambda_alias.live", "update"),
    }
    deployed = live.read("deploy", "--yes")
    assert (deployed["previous_version"], deployed["version"]) == ("1", "2")
    assert requests.get(f"{api}/health", timeout=10).json()["status"] == "edited"


def test_a_version_that_does_not_work_is_taken_back(live: Clone, api: str) -> None:
    """When the smoke check fails, the alias serves the version before."""
    live.edit("lambda_function/handler.py", "import api", "raise ImportError\nimport api")
    failed = live.run("deploy", "--yes", "--output", "json")
    live.edit("lambda_function/handler.py", "raise ImportError\n", "")
    assert failed.returncode == 1
    error = json.loads(failed.stderr)["error"]
    assert error["code"] == "smoke-check-failed"
    assert "version 2 serves again" in error["message"]
    assert requests.get(f"{api}/health", timeout=10).status_code == 200


def test_outputs_are_the_deployments_own_description(live: Clone, api: str) -> None:
    """The keys are those that other tools may rely on."""
    described = live.read("outputs")
    assert set(described) == {
        "schema",
        "region",
        "api_url",
        "api_id",
        "api_auth",
        "function_name",
        "function_alias",
        "log_group",
        "table_name",
        "dashboard_name",
        "alarm_names",
        "topic_arn",
    }
    assert described["region"] == "eu-west-3"
    assert described["alarm_names"] == ["LambdaErrorAlarm", "LambdaDurationAlarm"]


def test_tasks_are_driven_from_the_command_line(live: Clone, api: str) -> None:
    """Every subcommand of `tasks` works, and with --api-url without a project."""
    task = live.read("tasks", "add", "from the terminal", "--description", "d")
    task_id = task["task_id"]
    assert live.read("tasks", "show", task_id) == task
    assert live.read("tasks", "edit", task_id, "--title", "renamed")["title"] == "renamed"
    assert live.read("tasks", "done", task_id)["status"] == "done"
    listed = live.read("tasks", "--api-url", api, "list", "--project-dir", str(live.path))
    assert task_id in [t["task_id"] for t in listed]
    live.succeed("tasks", "rm", task_id)
    missing = live.run("tasks", "show", task_id)
    assert missing.returncode == 1
    assert "tasks list" in missing.stderr


def test_strangers_cannot_start_the_fire_drill(live: Clone, api: str) -> None:
    """The error route wants a signature, and no other spelling of it exists."""
    assert requests.get(f"{api}/trigger-error", timeout=10).status_code == 403
    for spelling in ("/trigger-error/", "//trigger-error", "/Trigger-Error", "/%74rigger-error/."):
        assert requests.get(f"{api}{spelling}", timeout=10).status_code in {403, 404}


def test_destroy_leaves_nothing_of_ours(live: Clone) -> None:
    """After destroy --backend the emulator is as empty as at first."""
    endpoint = live.read("local", "status")["url"]
    live.succeed("destroy", "--yes")
    session = boto3.Session("a", "b", region_name="eu-west-3")

    def ask(service: str, call: str, key: str) -> list[object]:
        client = session.client(service, endpoint_url=endpoint)
        return list(getattr(client, call)()[key])

    assert ask("lambda", "list_functions", "Functions") == []
    assert ask("dynamodb", "list_tables", "TableNames") == ["terraform-locks"]
    assert ask("apigatewayv2", "get_apis", "Items") == []
    assert ask("cloudwatch", "list_dashboards", "DashboardEntries") == []
    assert ask("cloudwatch", "describe_alarms", "MetricAlarms") == []
    assert ask("sns", "list_topics", "Topics") == []
    assert ask("logs", "describe_log_groups", "logGroups") == []
    assert ask("ssm", "describe_parameters", "Parameters") == []
    assert ask("iam", "list_roles", "Roles") == []
    live.succeed("destroy", "--yes", "--backend")
    assert ask("dynamodb", "list_tables", "TableNames") == []
    assert ask("s3", "list_buckets", "Buckets") == []


def test_nothing_is_left_in_the_home_folder(live: Clone, home: Path) -> None:
    """tt-ops writes into the project only, unless it has to download something."""
    assert [p for p in home.rglob("*") if p.is_file()] == []
