"""`metrics` and `dashboard`: their options, and a deployment without a dashboard."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest
from click.testing import CliRunner, Result

from tasktracker_ops.cli.main import cli
from tasktracker_ops.settings import PROJECT_MARKERS

Run = Callable[..., Result]
DEPLOYMENT = {
    "schema": 1,
    "region": "eu-west-3",
    "api_url": "https://abc.execute-api.eu-west-3.amazonaws.com",
    "api_id": "abc",
    "api_auth": "NONE",
    "function_name": "task-tracker-function",
    "function_alias": "live",
    "log_group": "/aws/lambda/task-tracker-function",
    "table_name": "TaskTable",
    "dashboard_name": "task-tracker-dashboard",
    "alarm_names": ["LambdaErrorAlarm"],
    "topic_arn": "arn:aws:sns:eu-west-3:123456789012:task-tracker-alerts",
}


@pytest.fixture(scope="module")
def endpoint(endpoint: str) -> str:
    """A plain moto server that holds a deployment's description and nothing else of it."""
    session = boto3.Session("AKIDEXAMPLE", "example", region_name="eu-west-3")
    session.client("ssm", endpoint_url=endpoint).put_parameter(
        Name="/task-tracker/deployment", Value=json.dumps(DEPLOYMENT), Type="String", Overwrite=True
    )
    return endpoint


@pytest.fixture
def run(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command outside of any clone, with nothing of the user's environment."""
    monkeypatch.chdir(tmp_path)
    environment = {
        **{name: None for name in os.environ if name.startswith("TT_OPS_")},
        "HOME": str(tmp_path),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        **dict.fromkeys(("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"), ""),
    }
    return lambda *arguments: CliRunner().invoke(
        cli, ["--output", "json", *arguments], env=environment
    )


def code(result: Result) -> tuple[int, str]:
    """Return the exit code, and the error's."""
    return result.exit_code, json.loads(result.stderr)["error"]["code"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("metrics", "--since", "15d"),
        ("metrics", "--since", "59s"),
        ("metrics", "--since", "soon"),
        ("metrics", "--period", "90s"),
        ("dashboard",),
        ("dashboard", "--html", "a.html", "--png", "a.png"),
        ("dashboard", "--open", "--console"),
        ("dashboard", "--open", "--png", "a.png"),
        ("dashboard", "--html", "."),
        ("dashboard", "--html", ""),
        ("dashboard", "--html", "-"),
        ("dashboard", "--png", ""),
    ],
    ids=" ".join,
)
def test_contradicting_options_are_wrong_usage(run: Run, arguments: tuple[str, ...]) -> None:
    """CloudWatch keeps minutes for 15 days; a picture is one of four things."""
    assert code(run(*arguments)) == (2, "usage")


@pytest.mark.parametrize(
    "arguments",
    [("metrics",), ("dashboard", "--html", "a.html"), ("dashboard", "--png", "a.png")],
    ids=" ".join,
)
def test_a_missing_dashboard_is_named(run: Run, arguments: tuple[str, ...], tmp_path: Path) -> None:
    """Nothing is written."""
    assert code(run(*arguments)) == (1, "dashboard-missing")
    assert list(tmp_path.iterdir()) == []


def test_the_console_needs_no_dashboard(run: Run) -> None:
    """Its address is printed where no browser can be opened."""
    result = run("dashboard", "--console")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["url"].startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    "arguments", [("metrics",), ("dashboard", "--html", "a.html"), ("dashboard", "--console")]
)
def test_reading_starts_no_emulator(run: Run, arguments: tuple[str, ...], tmp_path: Path) -> None:
    """One that nothing was deployed on has no dashboard."""
    project = tmp_path / "project"
    for folder in PROJECT_MARKERS:
        (project / folder).mkdir(parents=True)
    local = ("--target", "local", "--project-dir", str(project))
    assert code(run(*local, *arguments)) == (1, "local-not-running")
    assert not (project / ".tt-ops").exists()
