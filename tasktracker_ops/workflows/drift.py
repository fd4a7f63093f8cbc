"""Find what was changed outside of Terraform since the last deploy, and deploy it away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tasktracker_ops.adapters.aws.functions import ALIAS
from tasktracker_ops.errors import Problem
from tasktracker_ops.models.deployment import Deployment
from tasktracker_ops.models.drift import Drift, DriftReport, ForeignPolicy
from tasktracker_ops.models.plan import ResourceChange
from tasktracker_ops.models.release import PROVEN, UNRELEASED, lambda_digest
from tasktracker_ops.reporting import ApprovePlan

from .build import ensure_package
from .dead_runs import await_dead_terraform_locks
from .deploy import deploy
from .deploy_lock import deploy_lock
from .notifications import muted
from .state import record_state, state_problems
from .strays import find_strays

if TYPE_CHECKING:
    from tasktracker_ops.app import App

_FIX = "deploy it away: tt-ops drift --fix"


def drift(app: App, *, lock_timeout: int = 0) -> DriftReport:
    """Return what differs from what the last deploy made; change nothing of it.

    Raises TtOpsError `not-deployed` where there is nothing to compare with.
    """
    app.ensure_ready()
    deployment = app.deployments.get()
    ensure_package(app)
    await_dead_terraform_locks(app, lock_timeout)
    app.report.doing("comparing with what was deployed")
    refresh = app.stacks.infrastructure(command="drift").drift(lock_timeout=lock_timeout)
    alarms = app.alarms.with_mute_rules(app.alarms.get(deployment.alarm_names))
    mutes = [muted(app.target, alarm) for alarm in alarms]
    problems = (*find_strays(app), *state_problems(app))
    found = (
        *map(_of_change, refresh.changes),
        *code_drift(app, deployment),
        *(_of_policy(app, each) for each in refresh.policies),
        *(_of_problem(each, each.message.split()[0]) for each in mutes if each),
        *(_of_problem(each, _quoted_name(each)) for each in problems),
    )
    unknown = any(alarm.muted_by is None for alarm in alarms)
    return DriftReport(found, problems=(_MUTES_UNKNOWN,) if unknown else ())


def fix(app: App, *, approve: ApprovePlan, lock_timeout: int = 0) -> DriftReport:
    """Deploy the drift away and return what is left of it.

    `approve` gets the plan of the deploy and raises to stop. Where a version serves that is no
    proven release, which no plan shows, the deploy releases the code of the project or checks it.
    """
    before = drift(app, lock_timeout=lock_timeout)
    for each in before.drift:
        app.report.note(each.message)
    if not any(each.fixed_by_deploy for each in before.drift):
        return before
    configuration = app.stacks.configuration()
    deploy(app, approve=approve, lock_timeout=lock_timeout)
    with deploy_lock(app, "drift --fix", timeout=lock_timeout) as lock:
        # Otherwise the state still has what was before, and it would count as drift again.
        app.stacks.infrastructure(command="drift").refresh(lock_timeout=lock_timeout)
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


def code_drift(app: App, deployment: Deployment) -> Iterator[Drift]:
    """Yield what Terraform leaves to releases: versions that serve without being released."""
    function = app.deployed_function(deployment)
    if (routing := function.routing()) is None:  # the alias was deleted, which is a change
        return
    if routing.canary is not None:
        canary = app.release_records.read(int(routing.canary))
        if canary is None or canary.bake is None:
            yield Drift(
                "release-not-baking",
                f"{function.name}:{routing.canary}",
                f"{function.name}:{routing.canary}: it takes {routing.weight:.0%} of the requests, "
                "and no canary of tt-ops does that",
                f"let release {routing.version} take all of them: tt-ops abort",
            )
    name = f"{function.name}:{routing.version}"
    if routing.version == UNRELEASED:
        yield _of_release("release-unproven", name, "it serves before the first release")
        return
    record = app.release_records.read(int(routing.version))
    if record is None:
        yield _of_release("release-unknown", name, "it serves, and is no release of tt-ops")
    elif lambda_digest(record.sha256) != function.version(ALIAS).code_sha256:
        yield _of_release("code-changed", name, "it serves, with other code than was released")
    elif record.outcome != PROVEN:
        yield _of_release("release-unproven", name, f"it serves, and is {record.outcome}")


def _of_release(code: str, name: str, reason: str) -> Drift:
    return Drift(code, name, f"{name}: {reason}", _FIX, fixed_by_deploy=True)


_MUTES_UNKNOWN = Problem(
    "mute-rules-unknown",
    "whether a mute rule mutes the alarms is unknown: this target has no ListAlarmMuteRules",
    hint="see what else the alarms do: tt-ops alarms",
)
