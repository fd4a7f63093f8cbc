"""Results as JSON, whose keys scripts read."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from tasktracker_ops.errors import Problem
from tasktracker_ops.models import (
    alarm,
    canary,
    code,
    deployment,
    drift,
    drill,
    emulator,
    github_access,
    lock,
    package,
    plan,
    release,
    state,
    status,
    task,
)

from .examples import DEPLOY

_TASK = "task_id title description status created_at updated_at version"
KEYS: dict[type, str] = {
    Problem: "code message hint",
    alarm.AlarmReport: "alarms history problems",
    alarm.Alarm: "name state since reason description namespace metric statistic comparison "
    "threshold period evaluation_periods datapoints_to_alarm missing_data actions_enabled "
    "alarm_actions ok_actions insufficient_data_actions",
    alarm.AlarmEvent: "alarm at kind summary old_state new_state reason action succeeded",
    canary.BakeResult: "release live decision outcome checks",
    code.SaveResult: "at files seconds release problem",
    code.CodeChange: "release commit outcome changed added removed other_package configuration",
    deployment.BootstrapResult: "state_bucket lock_table plan",
    deployment.DeployResult: "plan target deployment release console_url problems",
    deployment.Deployment: "schema region api_url api_id api_auth function_name function_alias "
    "log_group table_name dashboard_name alarm_names topic_arn temporary",
    deployment.DestroyResult: "plan backend",
    drift.DriftReport: "drift fixed problems",
    drift.Drift: "code name message hint attributes fixed_by_deploy",
    plan.AttributeChange: "name before after",
    drill.DrillResult: "requests alarm transitions notifications waited complete problem",
    drill.DrillRequest: "at status latency_ms request_id expected",
    drill.Transition: "state at after_seconds reason",
    drill.Notification: "state at after_seconds topic endpoints",
    drill.DrillReport: "record drills problems",
    drill.DrillRecord: "at who commit release run_url complete alarms",
    drill.DrilledAlarm: "alarm requested_at fired_after_seconds notified_after_seconds "
    "ok_after_seconds notified problem",
    emulator.RunningEmulator: "url port pid started_at log_path version same_version exists_since "
    "persistence",
    emulator.StopResult: "server lost",
    emulator.Persistence: "saved_at is_current left_out problem set_aside",
    github_access.GitHubAccess: "backend repository branch environment deployer_role_arn "
    "planner_role_arn previewer_role_arn monitor_role_arn plan",
    lock.LockResult: "id who since reason",
    lock.UnlockResult: "released holder",
    lock.TerraformLock: "held id who operation since",
    package.Package: "path sources sources_sha256 platform parts size unpacked_size sha256 changed",
    plan.Plan: "add change destroy changes made_public drift fewer_shards adopted code",
    plan.ResourceChange: "address action type id attributes forced_by reason imported",
    release.ServingRelease: "release weight commit dirty by at outcome",
    state.StateVersions: "bucket key versions more",
    state.StateVersion: "version at current serial lineage size resources who problem",
    state.StateContent: "content",
    state.StateRestore: "version at from_serial serial lineage difference",
    state.StateDifference: "added removed changed",
    state.StateRepairResult: "key serial lineage resources repairs",
    status.Status: "healthy api function alarms subscriptions state_lock deploy_lock releases "
    "problems alarm_names alarms_proven_at",
    status.ApiHealth: "url auth public healthy status latency_ms",
    status.FunctionState: "name alias version runtime state changed_at description",
    status.Subscription: "protocol endpoint confirmed arn",
    task.Task: _TASK,
    task.AddResult: _TASK,
    task.RemoveResult: "task_id",
    task.ExportResult: "file tasks",
    task.ImportResult: "created already_there failed complete",
}


@pytest.mark.parametrize(
    ("result", "keys"), KEYS.items(), ids=lambda value: getattr(value, "__name__", "keys")
)
def test_keys_are_stable(result: Any, keys: str) -> None:
    """A key may be added, but not removed or renamed."""
    assert {*keys.split()} <= {each.name for each in fields(result)}


def test_json_has_the_fields_of_a_result(show: Callable[..., str]) -> None:
    """By their names and in their order, and those of its parts."""
    found = json.loads(show(DEPLOY, output="json"))
    assert list(found) == [each.name for each in fields(DEPLOY)]
    assert list(found["release"]) == [each.name for each in fields(DEPLOY.release)]
    assert list(found["problems"][0]) == [each.name for each in fields(Problem)]
