"""Simulate what the caller may do, command by command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from .check import Examination

# By command, the calls that show best whether it is allowed: each with the resource it is for.
_CALLS = (
    ("status", "ssm:GetParameter", "parameter"),
    ("status", "lambda:GetFunctionConfiguration", "function"),
    ("status", "cloudwatch:DescribeAlarms", "any"),
    ("logs", "logs:FilterLogEvents", "log_group"),
    ("metrics", "cloudwatch:GetMetricData", "any"),
    ("trigger-error", "execute-api:Invoke", "drill"),
    ("rollback", "lambda:UpdateAlias", "function"),
    ("deploy --code", "lambda:UpdateFunctionCode", "function"),
    ("deploy --code", "lambda:PublishVersion", "function"),
    ("deploy --code", "s3:PutObject", "state"),
    ("deploy", "ssm:PutParameter", "parameter"),
    ("deploy", "cloudwatch:PutMetricAlarm", "alarm"),
    ("deploy", "dynamodb:UpdateTable", "table"),
    ("destroy", "lambda:DeleteFunction", "function"),
    ("destroy", "dynamodb:DeleteTable", "table"),
)


def denied_commands(examined: Examination) -> Mapping[str, tuple[str, ...]]:
    """Return the commands that are not allowed, each with the actions that it lacks."""
    app, principal = examined.app, examined.caller.policy_source
    arns = dict(_arns(examined))
    denied: set[tuple[str, str]] = set()
    by_resource = sorted(_CALLS, key=lambda call: call[2])
    for resource, calls in groupby(by_resource, key=lambda call: call[2]):
        actions = sorted({action for _, action, _ in calls})
        found = app.iam.denied_actions(principal, actions, arns[resource])
        denied |= {(resource, action) for action in found}
    lacking: dict[str, tuple[str, ...]] = {}
    for command, action, resource in _CALLS:
        if (resource, action) in denied:
            lacking[command] = (*lacking.get(command, ()), action)
    return lacking


def _arns(examined: Examination) -> Iterator[tuple[str, str]]:
    app, deployment = examined.app, examined.deployment
    partition, account = app.session.partition, examined.caller.account

    def arn(service: str, name: str) -> str:
        return f"arn:{partition}:{service}:{deployment.region}:{account}:{name}"

    yield "any", "*"
    yield "parameter", arn("ssm", f"parameter{app.environment.deployment_parameter}")
    yield "function", arn("lambda", f"function:{deployment.function_name}")
    yield "log_group", arn("logs", f"log-group:{deployment.log_group}")
    yield "drill", arn("execute-api", f"{deployment.api_id}/$default/POST/trigger-error")
    yield "alarm", arn("cloudwatch", f"alarm:{deployment.alarm_names[0]}")
    yield "table", arn("dynamodb", f"table/{deployment.table_name}")
    settings = app.settings
    yield "state", f"arn:{partition}:s3:::{settings.state_bucket}/{settings.state_key}"
