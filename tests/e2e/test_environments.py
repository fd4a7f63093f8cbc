"""Two environments and a preview beside each other, and each destroyed without the others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Aws, Clone

pytestmark = pytest.mark.soak

BUCKET = "task-tracker-terraform-state"
# What changes by itself.
VOLATILE = ("State", "ItemCount", "TableSizeBytes", "storedBytes", "ResponseMetadata")
# What is kept of an environment that was destroyed: its history, and a state that holds nothing.
KEPT = {"object"}

Resource = tuple[str, str]


def resources(aws: Aws) -> dict[Resource, str]:
    """Return everything in the account that belongs to one environment, by kind and name."""
    return {
        resource: json.dumps(_stable(content), default=str, sort_keys=True)
        for resource, content in _resources(aws)
    }


def _resources(aws: Aws) -> Iterator[tuple[Resource, Any]]:
    yield from _functions_and_apis(aws)
    yield from _alerts(aws)
    for table in set(aws("dynamodb").list_tables()["TableNames"]) - {"terraform-locks"}:
        items = aws("dynamodb").scan(TableName=table)["Items"]
        yield ("table", table), [aws("dynamodb").describe_table(TableName=table), items]
    for group in aws("logs").describe_log_groups()["logGroups"]:
        yield ("log group", group["logGroupName"]), group
    parameters = aws("ssm").get_parameters_by_path(Path="/task-tracker", Recursive=True)
    for parameter in parameters["Parameters"]:
        yield ("parameter", parameter["Name"]), parameter
    for item in aws("s3").list_objects_v2(Bucket=BUCKET, Prefix="infra/")["Contents"]:
        yield ("object", item["Key"]), item["ETag"]


def _functions_and_apis(aws: Aws) -> Iterator[tuple[Resource, Any]]:
    functions, apis, iam = aws("lambda"), aws("apigatewayv2"), aws("iam")
    for function in functions.list_functions()["Functions"]:
        name = function["FunctionName"]
        alias = functions.get_alias(FunctionName=name, Name="live")
        yield ("function", name), [function, alias, functions.get_policy(FunctionName=name)]
    for api in apis.get_apis()["Items"]:
        calls = (apis.get_routes, apis.get_stages, apis.get_integrations)
        yield ("api", api["Name"]), [api, *(call(ApiId=api["ApiId"])["Items"] for call in calls)]
    for role in iam.list_roles()["Roles"]:
        name = role["RoleName"]
        policies = iam.list_role_policies(RoleName=name)["PolicyNames"]
        yield (
            ("role", name),
            [role, *(iam.get_role_policy(RoleName=name, PolicyName=each) for each in policies)],
        )


def _alerts(aws: Aws) -> Iterator[tuple[Resource, Any]]:
    sns, cloudwatch = aws("sns"), aws("cloudwatch")
    for topic in sns.list_topics()["Topics"]:
        arn = topic["TopicArn"]
        subscriptions = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
        yield ("topic", arn), [sns.get_topic_attributes(TopicArn=arn), subscriptions]
    for alarm in cloudwatch.describe_alarms()["MetricAlarms"]:
        yield ("alarm", alarm["AlarmName"]), alarm
    for dashboard in cloudwatch.list_dashboards()["DashboardEntries"]:
        name = dashboard["DashboardName"]
        yield ("dashboard", name), cloudwatch.get_dashboard(DashboardName=name)


def _stable(content: Any) -> Any:
    if isinstance(content, dict):
        return {
            key: _stable(value) for key, value in content.items() if not key.startswith(VOLATILE)
        }
    return [*map(_stable, content)] if isinstance(content, list) else content


def of(name: str, found: dict[Resource, str]) -> dict[Resource, str]:
    """Return those of an environment."""
    others = {"staging", "pr-7"} - {name}
    return {
        resource: content
        for resource, content in found.items()
        if not any(other in resource[1] for other in others)
        and (name == "default" or name in resource[1])
    }


def test_environments_do_not_touch_each_other(prepared: Clone, aws: Aws) -> None:
    """All resources of the others are the same before and after one is destroyed."""
    preview = prepared.start("--env", "pr-7", "deploy", "--yes", "--temporary")
    prepared.succeed("deploy", "--yes")
    _, err = preview.communicate()
    assert preview.returncode == 0, err
    prepared.succeed("--env", "staging", "deploy", "--yes")
    for name in ("default", "staging", "pr-7"):
        prepared.succeed("--env", name, "tasks", "add", f"of {name}")
    listed = {each["name"]: each for each in prepared.read("environments")["environments"]}
    assert list(listed) == ["default", "pr-7", "staging"]
    assert all(each["healthy"] and each["release"] == 1 for each in listed.values())
    assert [name for name, each in listed.items() if each["temporary"]] == ["pr-7"]

    before = resources(aws)
    kinds = {kind for kind, _ in before}
    assert all({kind for kind, _ in of(name, before)} == kinds for name in listed)
    prepared.succeed("environments", "destroy", "pr-7", "--yes")
    after = resources(aws)
    assert of("default", after) == of("default", before)
    assert of("staging", after) == of("staging", before)
    assert {kind for kind, _ in of("pr-7", after)} == KEPT

    refused = prepared.run("destroy", "--backend", "--confirm", "default")
    assert "environments: 'staging'" in refused.stderr
    prepared.succeed("--env", "staging", "destroy", "--yes")
    last = resources(aws)
    assert of("default", last) == of("default", before)
    assert {kind for kind, _ in of("staging", last)} == KEPT
    assert [each["name"] for each in prepared.read("environments")["environments"]] == ["default"]


def test_destroy_leaves_nothing(prepared: Clone, aws: Aws) -> None:
    """After the last one and `--backend`, the emulator is as empty as at first."""
    prepared.succeed("destroy", "--backend", "--confirm", "default")

    def ask(service: str, call: str, key: str) -> list[object]:
        return list(getattr(aws(service), call)()[key])

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
