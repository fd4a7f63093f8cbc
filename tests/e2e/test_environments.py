"""Two environments and a preview beside each other, and each destroyed without the others.

The tests share one deployment, in this order: what is listed, a promotion, what is refused, the end
of one environment after the other.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tasktracker_ops.local.registry import EmulatorRegistry

if TYPE_CHECKING:
    from .conftest import Aws, Clone

pytestmark = pytest.mark.soak

HANDLER = "lambda_function/pages.py"
ENVIRONMENTS = ["default", "pr-7", "staging"]
IDENTITY = ("-c", "user.name=ann", "-c", "user.email=ann@example.com")
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


def git(clone: Clone, *arguments: str) -> str:
    """Run git in the clone; return what it prints."""
    command = ["git", *IDENTITY, *arguments]
    return subprocess.run(
        command, cwd=clone.path, env=clone.environment, check=True, capture_output=True, text=True
    ).stdout.strip()


def live(clone: Clone, env: str) -> Any:
    """Return the release that serves in an environment."""
    (found,) = (each for each in clone.read("--env", env, "releases")["releases"] if each["live"])
    return found


@pytest.fixture(scope="module")
def deployed(prepared: Clone) -> Clone:
    """Deploy one commit to `default` and to a preview at once, and the next one to `staging`."""
    git(prepared, "init", "--quiet")
    (prepared.path / ".gitignore").write_text("function.zip\n.tt-ops/\n")
    git(prepared, "add", ".")
    git(prepared, "commit", "--quiet", "--message", "first")
    preview = prepared.start("--env", "pr-7", "deploy", "--yes", "--temporary")
    prepared.succeed("deploy", "--yes")
    _, err = preview.communicate()
    assert preview.returncode == 0, err
    (prepared.path / HANDLER).open("a").write("# second\n")
    git(prepared, "commit", "--quiet", "--all", "--message", "second")
    prepared.succeed("--env", "staging", "deploy", "--yes")
    return prepared


@pytest.fixture
def elsewhere(deployed: Clone, tmp_path: Path) -> Clone:
    """Return a folder that is no project, with the one emulator of the deployment.

    Those of other tests may run, too.
    """
    cache = tmp_path / "cache"
    EmulatorRegistry(cache / "emulators").add(deployed.path / ".tt-ops" / "local")
    environment = {**deployed.environment, "TT_OPS_CACHE_DIR": str(cache)}
    return replace(deployed, path=tmp_path, environment=environment)


def test_environments_are_listed(deployed: Clone) -> None:
    """Each with its release and health; a preview is temporary."""
    for name in ENVIRONMENTS:
        deployed.succeed("--env", name, "tasks", "add", f"of {name}")
    listed = {each["name"]: each for each in deployed.read("environments")["environments"]}
    assert list(listed) == ENVIRONMENTS
    assert all(each["healthy"] and each["release"] == 1 for each in listed.values())
    assert [name for name, each in listed.items() if each["temporary"]] == ["pr-7"]


def refused(clone: Clone, *arguments: str) -> str:
    """Run a command that fails; return the code of its error."""
    result = clone.run(*arguments, "--yes", "--output", "json")
    assert (result.returncode != 0, result.stdout) == (True, "")
    return str(json.loads(result.stderr)["error"]["code"])


def test_the_package_of_one_environment_serves_in_another(
    deployed: Clone, elsewhere: Clone
) -> None:
    """It has the digest and the commit of the release that it was, and is checked again."""
    question = elsewhere.run("--env", "staging", "promote-to", "default")
    assert (question.returncode, live(elsewhere, "default")["release"]) == (2, 1)
    shutil.rmtree(deployed.path / "lambda_function")
    git(deployed, "commit", "--quiet", "--all", "--message", "third")
    result = elsewhere.read("--env", "staging", "promote-to", "default", "--yes")
    assert (result["release"]["release"], result["release"]["outcome"]) == ("2", "proven")
    source, promoted = live(elsewhere, "staging"), live(elsewhere, "default")
    for key in ("sha256", "commit", "dirty", "outcome"):
        assert source[key] == promoted[key]
    assert promoted["commit"] == git(deployed, "rev-parse", "HEAD~1")
    assert promoted["sha256"] == result["promotion"]["sha256"]
    history = elsewhere.read("releases", "--history")["events"]
    assert "from release 1 of staging" in [each["detail"] for each in history]
    elsewhere.succeed("tasks", "add", "promoted")
    git(deployed, "checkout", "--quiet", "HEAD~1", "--", "lambda_function")
    again = elsewhere.succeed("--env", "staging", "promote-to", "default", "--yes")
    assert again.startswith("Nothing to do: release 2 of default has the package of release 1")


def test_what_cannot_be_promoted_is_refused(elsewhere: Clone, aws: Aws) -> None:
    """Each reason has its code, and nothing changes."""
    before = live(elsewhere, "default")
    staging = ("--env", "staging", "promote-to")
    assert refused(elsewhere, *staging, "staging") == "environment-same"
    assert refused(elsewhere, *staging, "nowhere") == "environment-missing"
    assert refused(elsewhere, *staging, "Nowhere") == "usage"
    assert refused(elsewhere, "--env", "nowhere", "promote-to", "default") == "not-deployed"
    key = "infra/staging/terraform.tfstate.releases/000001.json"
    stored = {"Bucket": BUCKET, "Key": key}
    record = json.loads(aws("s3").get_object(**stored)["Body"].read())
    for change, code in (
        ({"outcome": "unproven"}, "release-unproven"),
        ({"sha256": "0" * 64}, "package-differs"),
    ):
        aws("s3").put_object(**stored, Body=json.dumps({**record, **change}))
        assert refused(elsewhere, *staging, "default") == code
    aws("s3").put_object(**stored, Body=json.dumps(record))
    aws("lambda").update_function_configuration(
        FunctionName="task-tracker-function", Runtime="python3.13"
    )
    assert refused(elsewhere, *staging, "default") == "platform-differs"
    assert live(elsewhere, "default") == before


def test_environments_do_not_touch_each_other(deployed: Clone, aws: Aws) -> None:
    """All resources of the others are the same before and after one is destroyed."""
    before = resources(aws)
    kinds = {kind for kind, _ in before}
    assert all({kind for kind, _ in of(name, before)} == kinds for name in ENVIRONMENTS)
    deployed.succeed("environments", "destroy", "pr-7", "--yes")
    after = resources(aws)
    assert of("default", after) == of("default", before)
    assert of("staging", after) == of("staging", before)
    assert {kind for kind, _ in of("pr-7", after)} == KEPT

    refusal = deployed.run("destroy", "--backend", "--confirm", "default")
    assert "environments: 'staging'" in refusal.stderr
    deployed.succeed("--env", "staging", "destroy", "--yes")
    last = resources(aws)
    assert of("default", last) == of("default", before)
    assert {kind for kind, _ in of("staging", last)} == KEPT
    assert [each["name"] for each in deployed.read("environments")["environments"]] == ["default"]


def test_destroy_leaves_nothing(deployed: Clone, aws: Aws) -> None:
    """After the last one and `--backend`, the emulator is as empty as at first."""
    deployed.succeed("destroy", "--backend", "--confirm", "default")

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
