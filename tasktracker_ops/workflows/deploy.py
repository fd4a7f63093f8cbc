"""Deploy the project: state backend, package, plan, apply, smoke check."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from tasktracker_ops.errors import ConfigurationError, TtOpsError
from tasktracker_ops.models.deployment import DeployResult
from tasktracker_ops.models.plan import NOTHING_ALLOWED, AllowedChanges, Plan
from tasktracker_ops.reporting import ApprovePlan

from .adoption import CreationWatch, planned_adopting, remove_unused_apis, strays
from .bootstrap import bootstrap
from .build import build
from .deploy_lock import deploy_lock
from .notifications import pending_subscriptions
from .plan_guard import again_if_stale, planned, require_allowed
from .recovery import recover
from .smoke import smoke_check, smoke_timeout
from .state import record_state

if TYPE_CHECKING:
    from tasktracker_ops.adapters.terraform.stack import SavedPlan
    from tasktracker_ops.app import App

_FIX = "see what the function logged, fix it and deploy again: tt-ops logs --errors"


def deploy(
    app: App,
    *,
    approve: ApprovePlan,
    allowed: AllowedChanges = NOTHING_ALLOWED,
    smoke: bool = True,
    lock_timeout: int = 0,
) -> DeployResult:
    """Deploy the project; change nothing where nothing differs.

    Holds the deploy lock from the plan to the last check; waits for it and for Terraform's own
    locks for up to `lock_timeout` seconds. `approve` gets the plan and raises to stop; exactly that
    plan is applied, or a new one is approved if the state has changed. Raises TtOpsError
    for what is not `allowed` (see `require_allowed`), and `smoke-check-failed`, after the alias
    was moved back to the previous version, or `rollback-failed`.
    """
    alert_email = app.target.alert_email()
    app.ensure_ready()
    unused = set(allowed.destroy)
    if not app.state_backend.exists().complete:
        made = bootstrap(app, approve=approve, allowed=allowed, lock_timeout=lock_timeout)
        unused -= _addresses_losing_data(made.plan)
    with deploy_lock(app, "deploy", timeout=lock_timeout) as lock:
        recover(app, lock, app.infrastructure())
        package = build(app)
        app.report.done(f"{package.path.name}, {package.size:,} bytes")
        before = app.functions.live_version()

        def make_plan(adopt: Mapping[str, str]) -> AbstractContextManager[SavedPlan]:
            stack = app.infrastructure(alert_email, adopt=adopt, watch=CreationWatch(app))
            return planned(app, stack, allowed, lock_timeout=lock_timeout)

        def plan_and_apply() -> Plan:
            app.report.doing("comparing with the deployment")
            with planned_adopting(app, make_plan, alert_email) as saved:
                for address in sorted(unused - _addresses_losing_data(saved.plan)):
                    app.report.note(
                        f"--allow-destroy {address!r} has no effect: the plan keeps its data"
                    )
                if not saved.plan.empty:
                    app.report.plan(saved.plan, "deployment")
                    require_allowed(saved.plan, allowed)
                    approve(saved.plan)
                    app.report.doing("applying")
                    lock.require_held()
                    _unprotect(app, saved.plan)
                    saved.apply()
                    remove_unused_apis(app)
                return saved.plan

        plan = again_if_stale(app, plan_and_apply)
        record_state(app, lock.lock.who)
        return _finish(app, plan, before, smoke=smoke)


def _addresses_losing_data(plan: Plan) -> set[str]:
    return {change.address for change in plan.data_losses}


def _unprotect(app: App, plan: Plan) -> None:
    """Turn off the deletion protection of the tables that were allowed to be destroyed."""
    for change in plan.data_losses:
        if change.type == "aws_dynamodb_table" and change.action != "forget":
            app.tables.allow_deletion(change.id)


def _finish(app: App, plan: Plan, before: str | None, *, smoke: bool) -> DeployResult:
    deployment = app.deployments.get()
    serving = before if plan.empty else app.functions.live_version()
    outcome = "not needed" if plan.empty else "skipped"
    if smoke and not plan.empty:
        app.report.doing("checking that the API works")
        try:
            api, timeout = app.tasks(deployment), smoke_timeout(plan)
            complete = smoke_check(api, api_auth=deployment.api_auth, timeout=timeout)
        except ConfigurationError:  # such as an invalid token: the version may be fine
            raise
        except TtOpsError as error:
            raise _rolled_back(app, before, serving, error) from error
        outcome = "passed" if complete else "partly passed"
        table = "reaches its table" if complete else "requires a token; the table was not checked"
        app.report.done(f"the API answers, and {table}")
    topic = deployment.topic_arn
    return DeployResult(
        plan=plan,
        target=app.target.label,
        deployment=deployment,
        version=serving,
        previous_version=before,
        smoke=outcome,
        console_url=app.target.console_url(deployment),
        problems=(
            *pending_subscriptions(app.target, topic, app.topics.subscriptions(topic)),
            *strays(app),
        ),
    )


def _rolled_back(
    app: App, before: str | None, serving: str | None, cause: TtOpsError
) -> TtOpsError:
    if before is None or before == serving:
        return TtOpsError(
            "smoke-check-failed",
            f"deployed, but the API does not work: {cause.message}",
            hint=_FIX,
        )
    try:
        app.functions.move_alias(before)
    except TtOpsError as error:
        return TtOpsError(
            "rollback-failed",
            f"version {serving} does not work ({cause.message}), and the alias could not be moved "
            f"back to version {before}: {error.message}",
            hint=_FIX,
        )
    return TtOpsError(
        "smoke-check-failed",
        f"version {serving} does not work, so version {before} serves again: {cause.message}",
        hint=_FIX,
    )
