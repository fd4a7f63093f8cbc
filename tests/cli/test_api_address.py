"""An address that an emulator made up is AWS's: no request is sent to it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from tasktracker_ops.cli.main import cli

URL = "https://abc123.execute-api.eu-west-3.amazonaws.com"
Run = Callable[..., Result]


@pytest.fixture
def run(endpoint: str, server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `tt-ops` behind a plain moto server; `server` is the proxy to everything else."""
    description = {
        "schema": 1,
        "region": "eu-west-3",
        "api_url": URL,
        "api_id": "abc123",
        "api_auth": "NONE",
        "function_name": "tracker",
        "function_alias": "live",
        "log_group": "/aws/lambda/tracker",
        "table_name": "TaskTable",
        "dashboard_name": "dashboard",
        "alarm_names": ["LambdaErrorAlarm"],
        "topic_arn": "arn:aws:sns:eu-west-3:123456789012:alerts",
    }
    session = boto3.Session("AKIDEXAMPLE", "example", region_name="eu-west-3")
    monkeypatch.chdir(tmp_path)
    server.will_answer(502)
    cleared = {name: None for name in os.environ if name.startswith(("AWS_", "TT_OPS_", "TF_VAR_"))}
    environment = {
        **cleared,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "HTTPS_PROXY": server.url,
        "https_proxy": server.url,
        "HOME": str(tmp_path),
        "PATH": "",
    }

    def call(*arguments: str, api_auth: str = "NONE", **more: str) -> Result:
        session.client("ssm", endpoint_url=endpoint).put_parameter(
            Name="/task-tracker/deployment",
            Value=json.dumps({**description, "api_auth": api_auth}),
            Type="String",
            Overwrite=True,
        )
        return CliRunner().invoke(
            cli, ["--output", "json", *arguments], env={**environment, **more}
        )

    return call


@pytest.mark.parametrize("api_auth", ["NONE", "AWS_IAM", "JWT"])
@pytest.mark.parametrize("command", ["tasks list", "tasks add one", "trigger-error"])
def test_no_request_leaves_for_an_address_that_an_emulator_made_up(
    run: Run, server: Any, endpoint: str, command: str, api_auth: str
) -> None:
    """The error names both addresses and two ways on."""
    result = run(*command.split(), api_auth=api_auth, TT_OPS_API_TOKEN="token")
    error = json.loads(result.stderr[result.stderr.index("{") :])["error"]
    assert (result.exit_code, error["code"]) == (4, "api-not-served")
    assert URL in error["message"]
    assert endpoint in error["message"]
    assert "--no-smoke" in error["hint"]
    assert "--api-url" in error["hint"]
    assert server.asked == []


def test_status_shows_the_rest(run: Run, server: Any) -> None:
    """That the API cannot be asked is one of its problems."""
    result = run("status")
    status = json.loads(result.stdout)
    assert result.exit_code == 1
    assert status["problems"][0]["code"] == "api-not-served"
    assert (status["api"]["healthy"], status["alarms"]) == (False, [])
    assert server.asked == []


def test_an_address_that_the_user_gives_is_asked(run: Run, server: Any) -> None:
    """An explicit `--api-url` goes before what the deployment says."""
    server.answers.clear()
    server.will_answer(200, "[]", content_type="application/json")
    result = run("tasks", "--api-url", server.url, "list")
    assert (result.exit_code, json.loads(result.stdout)) == (0, [])
