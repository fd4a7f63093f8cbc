"""Drift that no plan shows: a version that serves, policies, and muted alarms."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.drift import ForeignPolicy, FunctionVersion, Refresh
from tasktracker_ops.models.plan import AttributeChange, ResourceChange
from tasktracker_ops.models.release import (
    FAILED,
    PROVEN,
    UNPROVEN,
    Bake,
    ReleaseRecord,
    Routing,
    lambda_digest,
)
from tasktracker_ops.settings import Settings
from tasktracker_ops.workflows.drift import drift, fix
from tests.alarm import FREEZE

CODE, OTHER = "00" * 32, "ff" * 32
RECORD = ReleaseRecord(
    7, CODE, {}, None, False, "me@host", None, "2026-01-01T00:00:00Z", "1.0.0", PROVEN
)


@pytest.fixture
def deployed(observed: Any, tmp_path: Path) -> Any:
    """Return a deployment without drift, with a `refresh`, a `live` version and its `record`."""
    observed.settings = Settings(project_dir=tmp_path)
    observed.refresh = Refresh(())
    observed.live, observed.canary, observed.record = "7", None, RECORD
    observed.ensure_ready = lambda: None
    stack = SimpleNamespace(drift=lambda lock_timeout: observed.refresh)
    observed.stacks = SimpleNamespace(infrastructure=lambda command: stack)
    observed.deployed_function = lambda deployment: SimpleNamespace(
        name="tracker",
        routing=lambda: observed.live and Routing(observed.live, observed.canary, 0.1, ""),
        version=lambda qualifier: FunctionVersion("7", lambda_digest(CODE), None, {}),
    )
    observed.release_records = SimpleNamespace(read=lambda release: observed.record)
    return observed


def names(app: Any) -> list[tuple[str, str]]:
    """Return code and name of all drift."""
    return [(each.code, each.name) for each in drift(app).drift]


def test_there_is_none_after_a_deploy(deployed: Any) -> None:
    """There is nothing to fix either."""
    report = drift(deployed)
    assert (report.drift, report.problems) == ((), ())
    assert fix(deployed, approve=pytest.fail) == report


def test_a_changed_resource_keeps_its_attributes(deployed: Any) -> None:
    """A deploy reverts it, and creates a deleted one again."""
    attribute = AttributeChange("actions_enabled", "true", "false")
    alarm = ResourceChange("aws_cloudwatch_metric_alarm.errors", "update", attributes=(attribute,))
    gone = ResourceChange("aws_sns_topic_subscription.email[0]", "delete")
    deployed.refresh = Refresh((gone, alarm))
    found = drift(deployed).drift
    assert [each.code for each in found] == ["resource-deleted", "resource-changed"]
    assert found[1].attributes == (attribute,)
    assert all(each.fixed_by_deploy for each in found)


@pytest.mark.parametrize(
    ("live", "record", "code"),
    [
        ("$LATEST", None, "release-unproven"),
        ("7", None, "release-unknown"),
        ("7", replace(RECORD, sha256=OTHER), "code-changed"),
        ("7", replace(RECORD, outcome=UNPROVEN), "release-unproven"),
        ("7", replace(RECORD, outcome=FAILED), "release-unproven"),
    ],
)
def test_a_version_that_serves_and_is_no_proven_release_is_drift(
    deployed: Any, live: str, record: ReleaseRecord | None, code: str
) -> None:
    """As after the alias was moved by hand; a deploy checks it or releases the project's code."""
    deployed.live, deployed.record = live, record
    (found,) = drift(deployed).drift
    assert (found.code, found.name, found.fixed_by_deploy) == (code, f"tracker:{live}", True)


def test_a_share_of_the_requests_that_no_canary_takes_is_drift(deployed: Any) -> None:
    """As after the weight of the alias was set by hand; one that bakes is none."""
    deployed.canary = "8"
    (found,) = drift(deployed).drift
    assert (found.code, found.name) == ("release-not-baking", "tracker:8")
    assert "takes 10% of the requests" in found.message
    deployed.record = replace(RECORD, bake=Bake(0.1, "2026-01-01T00:05:00Z", None))
    assert drift(deployed).drift == ()


def test_a_deleted_alias_is_one_difference(deployed: Any) -> None:
    """No version serves, and the deploy that makes the alias again releases."""
    alias = ResourceChange("aws_lambda_alias.live", "delete", "aws_lambda_alias")
    deployed.refresh, deployed.live = Refresh((alias,)), None
    assert names(deployed) == [("resource-deleted", "aws_lambda_alias.live")]


def test_what_cannot_be_read_is_named_by_its_code(deployed: Any) -> None:
    """Its message quotes nothing."""

    def fail() -> Any:
        raise TtOpsError("aws-unreachable", "no answer", hint="try again: tt-ops drift")

    deployed.apis.ours = fail
    assert names(deployed) == [("aws-unreachable", "aws-unreachable")]


def test_a_muted_alarm_is_drift_that_no_deploy_fixes(deployed: Any) -> None:
    """Its own command does."""
    deployed.mutes = {"LambdaErrorAlarm": (FREEZE,)}
    (found,) = fix(deployed, approve=pytest.fail).drift
    assert (found.code, found.name) == ("alarm-muted", "LambdaErrorAlarm")
    assert found.hint.endswith("--alarm-mute-rule-name freeze")


def test_a_policy_that_was_added_has_the_command_that_removes_it(deployed: Any) -> None:
    """A name is an inline policy, an ARN an attached one."""
    policies = (ForeignPolicy("r", "by-hand"), ForeignPolicy("r", "arn:aws:A"))
    deployed.refresh = Refresh((), policies)
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
