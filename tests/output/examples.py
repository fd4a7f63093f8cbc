"""Results that several tests print."""

from __future__ import annotations

from pathlib import Path

from tasktracker_ops.errors import Problem
from tasktracker_ops.models.deployment import BootstrapResult, Deployment, DeployResult
from tasktracker_ops.models.emulator import RunningEmulator
from tasktracker_ops.models.plan import Plan, ResourceChange
from tasktracker_ops.models.release import ReleaseResult
from tasktracker_ops.models.task import Task

PLAN = Plan(
    add=1,
    change=1,
    destroy=1,
    changes=(
        ResourceChange("aws_lambda_function.tracker", "update"),
        ResourceChange("aws_dynamodb_table.tasks", "replace"),
    ),
)
EMPTY_PLAN = Plan(add=0, change=0, destroy=0, changes=())
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
DEPLOY = DeployResult(
    plan=PLAN,
    target="AWS in eu-west-3",
    deployment=DEPLOYMENT,
    release=ReleaseResult("2", "1", "proven", "passed", changed=True),
    console_url="https://console.example.com",
    problems=(Problem("x", "a subscription is pending", "confirm it: tt-ops local confirm"),),
)
BOOTSTRAP = BootstrapResult("bucket", "locks", PLAN)
TASK = Task(
    "1",
    title="first",
    description="",
    status="pending",
    created_at="2026-01-01T00:00:00Z",
    updated_at="2026-01-02T00:00:00Z",
    version=1,
)
EMULATOR = RunningEmulator(
    "http://127.0.0.1:4580",
    4580,
    4711,
    "2026-01-01T00:00:00+00:00",
    Path("/p/server.log"),
    "0.1.0+0a1b2c3d",
    same_version=False,
)
