"""Find what was changed outside of Terraform since the last deploy, and deploy it away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tasktracker_ops.errors import Problem
from tasktracker_ops.models.deployment import Deployment
from tasktracker_ops.models.drift import Drift, DriftReport, ForeignPolicy, FunctionVersion, Refresh
from tasktracker_ops.models.plan import AttributeChange, ResourceChange
from tasktracker_ops.reporting import ApprovePlan

from .adoption import strays
from .deploy import deploy
from .deploy_lock import await_dead_terraform_locks, deploy_lock
from .notifications import muted
from .state import record_state, state_problems

if TYPE_CHECKING:
    from tasktracker_ops.app import App

Confirm = Callable[[str], None]
_FUNCTION = "aws_lambda_function"
_ALIAS = "aws_lambda_alias"
_FIX = "deploy it away: tt-ops drift --fix"
_LATEST = "$LATEST"
_PUBLISHED = {"code-changed", "configuration-changed"}


def drift(app: App, *, lock_timeout: int = 0) -> DriftReport:
    """Return what differs from what the last deploy made; change nothing.

    Raises TtOpsError `not-deployed` where there is nothing to compare with.
    """
    app.ensure_ready()
    deployment = app.deployments.get()
    await_dead_terraform_locks(app, lock_timeout)
    app.report.doing("comparing with what was deployed")
    refresh = app.infrastructure(command="drift").drift(lock_timeout=lock_timeout)
    alarms = app.alarms.with_mute_rules(app.alarms.get(deployment.alarm_names))
    mutes = [muted(app.target, alarm) for alarm in alarms]
    found = (
        *map(_of_change, refresh.changes),
        *_function_drift(app, deployment, refresh),
        *(_of_policy(app, each) for each in refresh.policies),
        *(_of_problem(each, each.message.split()[0]) for each in mutes if each),
        *(_of_problem(each, _quoted_name(each)) for each in (*strays(app), *state_problems(app))),
    )
    unknown = any(alarm.muted_by is None for alarm in alarms)
    return DriftReport(found, problems=(_MUTES_UNKNOWN,) if unknown else ())


def fix(app: App, *, approve: ApprovePlan, confirm: Confirm, lock_timeout: int = 0) -> DriftReport:
    """Deploy the drift away and return what is left of it.

    Where a version serves that was made by hand, which no plan shows, the package is uploaded
    again. `approve` gets the plan of the deploy, `confirm` a question; both raise to stop.
    """
    before = drift(app, lock_timeout=lock_timeout)
    for each in before.drift:
        app.report.note(each.message)
    if not any(each.fixed_by_deploy for each in before.drift):
        return before
    configuration = app.configuration()
    deploy(app, approve=approve, lock_timeout=lock_timeout)
    with deploy_lock(app, "drift --fix", timeout=lock_timeout) as lock:
        # Otherwise the state still has what was before, and it would count as drift again.
        app.infrastructure(command="drift").refresh(lock_timeout=lock_timeout)
        record_state(app, lock.lock.who, configuration)
    after = drift(app, lock_timeout=lock_timeout)
    left = {(each.code, each.name) for each in after.drift}
    fixed = tuple(each for each in before.drift if (each.code, each.name) not in left)
    return DriftReport(after.drift, fixed, after.problems)


def _of_change(change: ResourceChange) -> Drift:
    deleted = change.action == "delete"
    what = "was deleted" if deleted else "was changed"
    return Drift(
        "resource-deleted" if deleted else "resource-changed",
        change.address,
        f"{change.address} {what} outside of Terraform",
        _FIX,
        change.attributes,
        fixed_by_deploy=True,
    )


def _of_policy(app: App, found: ForeignPolicy) -> Drift:
    is_attached = found.policy.startswith("arn:")
    remove = "detach-role-policy" if is_attached else "delete-role-policy"
    option = "--policy-arn" if is_attached else "--policy-name"
    command = ("iam", remove, "--role-name", found.role, option, found.policy)
    return Drift(
        "policy-added",
        found.policy,
        f"the role {found.role!r} has the policy {found.policy!r}, which the project does not have",
        f"remove it: {app.target.aws_command(*command)}",
    )


def _of_problem(problem: Problem, name: str) -> Drift:
    return Drift(problem.code, name, problem.message, problem.hint)


def _quoted_name(problem: Problem) -> str:
    """Return what the message quotes first, a resource or a state; else the code."""
    words = problem.message.split("'")
    return words[1] if len(words) > 2 else problem.code


def _function_drift(app: App, deployment: Deployment, refresh: Refresh) -> Iterator[Drift]:
    """Yield what Terraform does not see: the code, and what the version that serves is made of."""
    if refresh.code_sha256 is None:
        return
    from tasktracker_ops.adapters.aws.session import AwsNotFound

    function = app.deployed_function(deployment)
    try:
        serving, latest = function.version(deployment.function_alias), function.version(_LATEST)
    except AwsNotFound:  # the alias was deleted, which is one of the changes
        return
    # An earlier version serves on purpose, as after a failed check: a deploy moves the alias, and
    # checks.
    is_moved_back = any(map(_is_moved_back, refresh.changes))
    for version, what in (
        (serving, f"version {serving.version}, which serves, does not have the deployed code"),
        (latest, "the code that the next version would get is not the deployed code"),
    ):
        if version is serving and is_moved_back:
            continue
        if version.code_sha256 != refresh.code_sha256:
            name = f"{function.name}:{version.version}"
            message = f"{name}: {what}"
            yield Drift("code-changed", name, message, _FIX, fixed_by_deploy=True)
    # A change of the function itself is published by the deploy that reverts it.
    if is_moved_back or any(change.type == _FUNCTION for change in refresh.changes):
        return
    if different := tuple(_different_settings(latest, serving)):
        name = f"{function.name}:{serving.version}"
        message = f"{name}: the version that serves is configured in another way than the function"
        yield Drift("configuration-changed", name, message, _FIX, different, fixed_by_deploy=True)


def _is_moved_back(change: ResourceChange) -> bool:
    """Return whether the alias points to an earlier version than that of the last deploy."""
    return change.type == _ALIAS and any(
        each.name == "function_version"
        and (each.before or "").isdecimal()
        and (each.after or "").isdecimal()
        and int(each.after or 0) < int(each.before or 0)
        for each in change.attributes
    )


def _different_settings(
    expected: FunctionVersion, actual: FunctionVersion
) -> Iterator[AttributeChange]:
    for name in expected.different_settings(actual):
        before, after = expected.settings.get(name), actual.settings.get(name)
        # Environment variables may be secret.
        shown = isinstance(before, str | int) and isinstance(after, str | int)
        yield AttributeChange(name, *((str(before), str(after)) if shown else ()))


_MUTES_UNKNOWN = Problem(
    "mute-rules-unknown",
    "whether a mute rule mutes the alarms is unknown: this target has no ListAlarmMuteRules",
    hint="see what else the alarms do: tt-ops alarms",
)
