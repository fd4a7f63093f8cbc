"""Take the project to where it runs: backend, package, plan, apply, smoke check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasktracker_ops.errors import ConfigurationError, TtOpsError
from tasktracker_ops.models.deployment import DeployResult
from tasktracker_ops.models.plan import NOTHING_ALLOWED, Allowed, Plan
from tasktracker_ops.reporting import ApprovePlan

from .bootstrap import bootstrap
from .build import build
from .guard import planned, require_allowed
from .recipients import pending_subscriptions
from .smoke import smoke_check

if TYPE_CHECKING:
    from tasktracker_ops.app import App

# Seconds until the API has to work. What was added, a role or an API, takes a while to be known to
# all of AWS; where something only changed, the API is down for as long as we hesitate.
_PATIENCE_AFTER_ADDING = 20.0
_PATIENCE = 5.0


def deploy(
    app: App,
    *,
    approve: ApprovePlan,
    allowed: Allowed = NOTHING_ALLOWED,
    smoke: bool = True,
    lock_timeout: int = 0,
) -> DeployResult:
    """Deploy what the project holds. Where nothing differs, nothing happens.

    `approve` gets the plan and raises to stop; exactly that plan is applied. Raises TtOpsError
    `would-destroy` or `would-open` before, for what is not `allowed`. When the smoke check fails,
    the alias goes back to the version it served before.
    """
    recipient = app.target.recipient()
    app.ensure_ready()
    unused = set(allowed.destroy)
    if not app.state_backend.exists().complete:
        made = bootstrap(app, approve=approve, allowed=allowed)
        unused -= _lost(made.plan)
    package = build(app.settings.project)
    app.report.done(f"{package.path.name}, {package.size:,} bytes")
    stack = app.infrastructure(recipient)
    app.report.doing("comparing with what is deployed")
    with planned(app, stack, allowed, lock_timeout=lock_timeout) as saved:
        before = app.functions.live_version()
        for address in sorted(unused - _lost(saved.plan)):
            app.report.note(f"--allow-destroy {address!r} changes nothing: no such loss is planned")
        if not saved.plan.empty:
            app.report.plan(saved.plan, "deployment")
            require_allowed(saved.plan, allowed)
            approve(saved.plan)
            app.report.doing("applying")
            _unprotect(app, saved.plan)
            saved.apply()
    return _finish(app, saved.plan, before, smoke=smoke)


def _lost(plan: Plan) -> set[str]:
    return {change.address for change in plan.losses}


def _unprotect(app: App, plan: Plan) -> None:
    """Take the deletion protection off the tables that were allowed to go."""
    for change in plan.losses:
        if change.type == "aws_dynamodb_table" and change.action != "forget":
            app.tables.allow_deletion(change.id)


def _finish(app: App, plan: Plan, before: str | None, *, smoke: bool) -> DeployResult:
    deployment = app.deployments.get()
    serving = before if plan.empty else app.functions.live_version()
    outcome = "not needed" if plan.empty else "skipped"
    if smoke and not plan.empty:
        app.report.doing("checking that the API works")
        try:
            patience = _PATIENCE_AFTER_ADDING if plan.add else _PATIENCE
            api = app.tasks(deployment)
            complete = smoke_check(api, api_auth=deployment.api_auth, patience=patience)
        except ConfigurationError:  # ours, such as a token that is none: the version may be fine
            raise
        except TtOpsError as error:
            raise _rolled_back(app, before, serving, error) from error
        outcome = "passed" if complete else "partly passed"
        reached = (
            "reaches its table"
            if complete
            else "requires authentication; the table was not checked"
        )
        app.report.done(f"the API answers, and {reached}")
    topic = deployment.topic_arn
    return DeployResult(
        plan=plan,
        target=app.target.label,
        deployment=deployment,
        version=serving,
        previous_version=before,
        smoke=outcome,
        console_url=app.target.console_url(deployment),
        problems=pending_subscriptions(app.target, topic, app.topics.subscriptions(topic)),
    )


def _rolled_back(
    app: App, before: str | None, serving: str | None, cause: TtOpsError
) -> TtOpsError:
    if before is None or before == serving:
        return TtOpsError(
            "smoke-check-failed",
            f"deployed, but the API does not work: {cause.message}",
            hint="fix what the function logged and deploy again, or leave the check out with "
            "--no-smoke: tt-ops logs --errors",
        )
    try:
        app.functions.move_alias(before)
    except TtOpsError as error:
        return TtOpsError(
            "rollback-failed",
            f"version {serving} does not work ({cause.message}), and version {before} could not "
            f"be put back: {error.message}",
            hint="fix what the function logged, then deploy again: tt-ops logs --errors",
        )
    return TtOpsError(
        "smoke-check-failed",
        f"version {serving} does not work, so version {before} serves again: {cause.message}",
        hint="fix what the function logged, then deploy again: tt-ops logs --errors",
    )
