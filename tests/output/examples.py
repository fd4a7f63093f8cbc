"""Results of every kind, and what is printed of them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tasktracker_ops.errors import Problem, TtOpsError
from tasktracker_ops.models.deployment import BootstrapResult, Deployment, DeployResult
from tasktracker_ops.models.emulator import RunningEmulator
from tasktracker_ops.models.github_access import GitHubAccess, GitHubRepository
from tasktracker_ops.models.package import Package
from tasktracker_ops.models.plan import Plan, ResourceChange
from tasktracker_ops.models.task import AddResult, FailedLine, ImportResult, Task
from tasktracker_ops.output.console import Console
from tasktracker_ops.settings import Settings

DEPLOYMENT = Deployment(
    schema=1,
    region="eu-west-3",
    api_url="https://abc.execute-api.eu-west-3.amazonaws.com",
    api_id="abc",
    api_auth="NONE",
    function_name="task-tracker-function",
    function_alias="live",
    log_group="/aws/lambda/task-tracker-function",
    table_name="TaskTable",
    dashboard_name="task-tracker-dashboard",
    alarm_names=("LambdaErrorAlarm", "LambdaDurationAlarm"),
    topic_arn="arn:aws:sns:eu-west-3:123456789012:task-tracker-alerts",
)
PLAN = Plan(
    add=1,
    change=1,
    destroy=1,
    changes=(
        ResourceChange("aws_lambda_function.tracker", "update"),
        ResourceChange("aws_dynamodb_table.tasks", "replace"),
    ),
)
NOTHING = Plan(add=0, change=0, destroy=0, changes=())
PACKAGE = Package(Path("/p/function.zip"), ("api.py", "handler.py"), 1234, "ab12", True)
TASK = Task("1", "first", "", "pending", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", 1)
ADDED = AddResult(**asdict(TASK))
IMPORTED = ImportResult(2, 1000, (FailedLine(3, "it has no title"),), True)
SERVER = RunningEmulator(
    "http://127.0.0.1:4580",
    4580,
    4711,
    "2026-01-01T00:00:00+00:00",
    Path("/p/server.log"),
    "0.1.0+0a1b2c3d",
    same_version=False,
)
DEPLOYED = DeployResult(
    plan=PLAN,
    target="AWS in eu-west-3",
    deployment=DEPLOYMENT,
    version="2",
    previous_version="1",
    smoke="passed",
    console_url="https://console.example.com",
    problems=(Problem("x", "somebody has not confirmed", "confirm it: tt-ops local confirm"),),
)
BOOTSTRAPPED = BootstrapResult("bucket", "locks", PLAN)

ACCESS = GitHubAccess(
    backend=BOOTSTRAPPED,
    repository=GitHubRepository("octo-org", "octo-repo", "123456", "456789"),
    branch="main",
    environment="production",
    deployer_role_arn="arn:deployer",
    planner_role_arn="arn:planner",
    plan=PLAN,
)


def emitted(result: Any, capsys: pytest.CaptureFixture[str], **settings: Any) -> str:
    """What a result looks like on standard output; nothing else may be said."""
    Console(Settings(**settings)).emit(result)
    out, err = capsys.readouterr()
    assert err == ""
    return out


def told(error: TtOpsError, capsys: pytest.CaptureFixture[str], **settings: Any) -> str:
    """What an error looks like on standard error; nothing may be on standard output."""
    Console(Settings(**settings)).error(error)
    out, err = capsys.readouterr()
    assert out == ""
    return err
