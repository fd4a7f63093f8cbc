"""From a clone to a live Task Tracker and back, on the emulator with the real Terraform."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import boto3
import pytest
import requests

if TYPE_CHECKING:
    from .conftest import Clone


@pytest.fixture(scope="module")
def live(clone: Clone) -> Clone:
    """Deploy as README says."""
    clone.succeed("deploy", "--yes")
    return clone


@pytest.fixture(scope="module")
def api(live: Clone) -> str:
    """Return the API's address as `outputs` prints it."""
    return str(live.read("outputs")["api_url"])


@pytest.mark.extended
def test_second_bootstrap_changes_nothing(live: Clone) -> None:
    """The state backend keeps its own state, so a second run is a comparison."""
    result = live.read("bootstrap")
    assert result["plan"]["changes"] == []


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
