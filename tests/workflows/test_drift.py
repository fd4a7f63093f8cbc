"""Drift that no plan shows: the code, the configuration that serves, and muted alarms."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tasktracker_ops.adapters.aws.session import AwsNotFound
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.drift import ForeignPolicy, FunctionVersion, Refresh
from tasktracker_ops.models.plan import AttributeChange, ResourceChange
from tasktracker_ops.workflows.drift import drift, fix

SETTINGS = {"MemorySize": 128, "Environment": {"Variables": {"A": "secret"}}}


@pytest.fixture
def deployed(observed: Any) -> Any:
    """A deployment without drift; tests replace `refresh` and the function's `versions`."""
    observed.refresh = Refresh((), "code=")
    observed.versions = {
        "live": FunctionVersion("1", "code=", None, SETTINGS),
        "$LATEST": FunctionVersion("$LATEST", "code=", None, SETTINGS),
    }
    observed.ensure_ready = lambda: None
    stack = SimpleNamespace(drift=lambda lock_timeout: observed.refresh)
    observed.infrastructure = lambda command: stack
    observed.deployed_function = lambda deployment: SimpleNamespace(
        name="tracker", version=lambda qualifier: observed.versions[qualifier]
    )
    return observed


def names(app: Any) -> list[tuple[str, str]]:
    """Return code and name of all drift."""
    return [(each.code, each.name) for each in drift(app).drift]


def test_there_is_none_after_a_deploy(deployed: Any) -> None:
    """There is nothing to fix either."""
    report = drift(deployed)
    assert (report.drift, report.problems) == ((), ())
    assert fix(deployed, approve=pytest.fail, confirm=pytest.fail) == report


def test_a_changed_resource_keeps_its_attributes(deployed: Any) -> None:
    """A deploy reverts it, and creates a deleted one again."""
    attribute = AttributeChange("actions_enabled", "true", "false")
    alarm = ResourceChange("aws_cloudwatch_metric_alarm.errors", "update", attributes=(attribute,))
    gone = ResourceChange("aws_sns_topic_subscription.email", "delete")
    deployed.refresh = Refresh((gone, alarm), "code=")
    found = drift(deployed).drift
    assert [each.code for each in found] == ["resource-deleted", "resource-changed"]
    assert found[1].attributes == (attribute,)
    assert all(each.fixed_by_deploy for each in found)


def test_other_code_is_found_in_the_version_that_serves_and_in_the_next(deployed: Any) -> None:
    """Terraform sees neither."""
    rogue = FunctionVersion("2", "rogue=", None, SETTINGS)
    deployed.versions["live"] = rogue
    assert names(deployed) == [("code-changed", "tracker:2")]
    deployed.versions["$LATEST"] = FunctionVersion("$LATEST", "rogue=", None, SETTINGS)
    assert names(deployed) == [("code-changed", "tracker:2"), ("code-changed", "tracker:$LATEST")]


def test_an_earlier_version_that_serves_is_only_a_moved_alias(deployed: Any) -> None:
    """As after a failed check: the deploy that moves it forward has to check again."""
    moved = AttributeChange("function_version", "10", "9")
    alias = ResourceChange(
        "aws_lambda_alias.live", "update", "aws_lambda_alias", attributes=(moved,)
    )
    deployed.refresh = Refresh((alias,), "code=")
    deployed.versions["live"] = FunctionVersion("9", "before=", None, {"MemorySize": 64})
    assert names(deployed) == [("resource-changed", "aws_lambda_alias.live")]


def test_a_deleted_alias_is_one_difference(deployed: Any) -> None:
    """No version serves, and the deploy that makes the alias again lets the right one."""

    def no_alias(qualifier: str) -> Any:
        raise AwsNotFound("reading", "ResourceNotFoundException", "gone")

    alias = ResourceChange("aws_lambda_alias.live", "delete", "aws_lambda_alias")
    deployed.refresh = Refresh((alias,), "code=")
    function = SimpleNamespace(name="tracker", version=no_alias)
    deployed.deployed_function = lambda deployment: function
    assert names(deployed) == [("resource-deleted", "aws_lambda_alias.live")]


def test_what_cannot_be_read_is_named_by_its_code(deployed: Any) -> None:
    """Its message quotes nothing."""

    def fail() -> Any:
        raise TtOpsError("aws-unreachable", "no answer", hint="try again: tt-ops drift")

    deployed.apis.ours = fail
    assert names(deployed) == [("aws-unreachable", "aws-unreachable")]


def test_another_configuration_of_the_version_that_serves_is_found(deployed: Any) -> None:
    """Values of variables, which may be secret, are not shown; equal digests of AWS decide."""
    other = {"MemorySize": 512, "Environment": {"Variables": {}}}
    deployed.versions["live"] = FunctionVersion("2", "code=", None, other)
    (found,) = drift(deployed).drift
    assert (found.code, found.name) == ("configuration-changed", "tracker:2")
    assert found.attributes == (
        AttributeChange("Environment"),
        AttributeChange("MemorySize", "128", "512"),
    )
    deployed.versions = {
        "live": FunctionVersion("2", "code=", "config=", other),
        "$LATEST": FunctionVersion("$LATEST", "code=", "config=", SETTINGS),
    }
    assert names(deployed) == []


def test_a_change_of_the_function_is_one_difference(deployed: Any) -> None:
    """The version that serves then differs because it is right."""
    change = ResourceChange("aws_lambda_function.tracker", "update", "aws_lambda_function")
    deployed.refresh = Refresh((change,), "code=")
    other = FunctionVersion("$LATEST", "code=", None, {"MemorySize": 512})
    deployed.versions["$LATEST"] = other
    assert names(deployed) == [("resource-changed", "aws_lambda_function.tracker")]


def test_a_muted_alarm_is_drift_that_no_deploy_fixes(deployed: Any) -> None:
    """Its own command does."""
    deployed.mutes = {"LambdaErrorAlarm": ("freeze",)}
    (found,) = fix(deployed, approve=pytest.fail, confirm=pytest.fail).drift
    assert (found.code, found.name) == ("alarm-muted", "LambdaErrorAlarm")
    assert found.hint.endswith("--alarm-mute-rule-name freeze")


def test_a_policy_that_was_added_has_the_command_that_removes_it(deployed: Any) -> None:
    """A name is an inline policy, an ARN an attached one."""
    policies = (ForeignPolicy("r", "by-hand"), ForeignPolicy("r", "arn:aws:A"))
    deployed.refresh = Refresh((), "code=", policies)
    hints = [each.hint for each in drift(deployed).drift]
    assert hints == [
        "remove it: aws iam delete-role-policy --role-name r --policy-name by-hand",
        "remove it: aws iam detach-role-policy --role-name r --policy-arn arn:aws:A",
    ]


def test_unknown_mute_rules_are_no_drift(deployed: Any) -> None:
    """As on another emulator of AWS."""
    deployed.alarms.with_mute_rules = tuple
    report = drift(deployed)
    assert [each.code for each in report.problems] == ["mute-rules-unknown"]
    assert report.drift == ()
