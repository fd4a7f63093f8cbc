"""Fixtures of the tests of the CLI.

- `run`: runs `tt-ops` in this process, in an empty folder, without the user's environment.
- `project`: makes that folder an empty project.
- `describe`: stores the description of a deployment on a plain moto server.
- `backend`: an empty state backend there.
"""

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
from tasktracker_ops.settings import PROJECT_MARKERS
from tests.states import StateBucket

REGION = "eu-west-3"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}
DESCRIPTION = {
    "schema": 1,
    "region": REGION,
    "api_url": "https://abc123.execute-api.eu-west-3.amazonaws.com",
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
Client = Callable[[str], Any]
Run = Callable[..., Result]


def error_of(result: Result) -> Any:
    """Return the error of a command with `--output json`."""
    return json.loads(result.stderr)["error"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make the folder of `run` an empty project."""
    for name in PROJECT_MARKERS:
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture(scope="module")
def client(endpoint: str) -> Client:
    """Return clients of the account on a plain moto server."""
    session = boto3.Session("AKIDEXAMPLE", "example", region_name=REGION)
    return lambda service: session.client(service, endpoint_url=endpoint)


@pytest.fixture(scope="module")
def describe(client: Client) -> Callable[..., None]:
    """Store the description of a deployment, with some of its values changed."""

    def put(**changes: Any) -> None:
        client("ssm").put_parameter(
            Name="/task-tracker/deployment",
            Value=json.dumps({**DESCRIPTION, **changes}),
            Type="String",
            Overwrite=True,
        )

    return put


@pytest.fixture(scope="module")
def backend(endpoint: str) -> StateBucket:
    """An empty state backend there."""
    made = StateBucket(endpoint)
    made.create()
    return made


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `tt-ops` in this process, in an empty folder, with these variables only."""
    monkeypatch.chdir(tmp_path)
    hidden = {name: None for name in os.environ if name.startswith(("AWS_", "TT_OPS_", "TF_VAR_"))}
    fixed = {"AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path)}

    def call(*arguments: str, stdin: bytes = b"", **environment: str) -> Result:
        variables = {**hidden, **fixed, **environment}
        return CliRunner().invoke(cli, arguments, input=stdin, env=variables)

    return call
