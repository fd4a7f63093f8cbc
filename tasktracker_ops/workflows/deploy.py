"""Deploy the project: state backend, package, plan, apply, release."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING

from tasktracker_ops.errors import Problem
from tasktracker_ops.models.deployment import Deployment, DeployResult, FirstDeploy
from tasktracker_ops.models.plan import NOTHING_ALLOWED, AllowedChanges, Plan
from tasktracker_ops.models.release import DEFAULT_OPTIONS, ReleaseOptions
from tasktracker_ops.reporting import ApprovePlan

from .adoption import nothing_exists, planned_adopting
from .bootstrap import bootstrap
from .build import build
from .canary import end_interrupted_bake
from .creation_watch import CreationWatch
from .deploy_lock import deploy_lock
from .notifications import pending_subscriptions
from .package_upload import store_large_package
from .plan_guard import plan_reporter, planned, require_allowed, retry_if_stale
from .release import Releases
from .smoke import smoke_timeout
from .state import record_state, recover
from .strays import find_strays, remove_unused_apis
from .template_upgrade import note_outdated

if TYPE_CHECKING:
    from tasktracker_ops.adapters.terraform.stack import SavedPlan, Stack
    from tasktracker_ops.app import App

# Receives all that a first deploy creates; raises unless it may be created.
ApproveFirst = Callable[[FirstDeploy], None]


def deploy(
    app: App,
    options: ReleaseOptions = DEFAULT_OPTIONS,
    *,
    approve: ApprovePlan | None,
    approve_first: ApproveFirst | None = None,
    allowed: AllowedChanges = NOTHING_ALLOWED,
    lock_timeout: int = 0,
) -> DeployResult:
    """Deploy the project; change nothing where nothing differs.

    Holds the deploy lock from the plan to the last check; waits for it and for Terraform's own
    locks for up to `lock_timeout` seconds. `approve` gets the plan and raises to stop; exactly that
    plan is applied, or a new one is approved if the state has changed. Without it every plan is
    approved, and where nothing of the deployment exists, it is applied by the run of Terraform that
    makes it. Where the state backend does not exist either, `approve_first` takes the place of
    `approve`: it gets all that is created, before anything is planned. Raises TtOpsError for what
    is not `allowed` (see `require_allowed`), and those of `Releases.release`.
    """
    app.stacks.require_settings()
    note_outdated(app)
    with ThreadPoolExecutor() as pool:
        return _deploy(
            app,
            options,
            pool,
            approve=approve,
            approve_first=approve_first,
            allowed=allowed,
            lock_timeout=lock_timeout,
        )


def _deploy(
    app: App,
    options: ReleaseOptions,
    pool: ThreadPoolExecutor,
    *,
    approve: ApprovePlan | None,
    approve_first: ApproveFirst | None,
    allowed: AllowedChanges,
    lock_timeout: int,
) -> DeployResult:
    # Neither needs AWS, which this thread asks meanwhile.
    building, verifying = pool.submit(build, app), pool.submit(app.stacks.verify_provider)
    app.ensure_ready()
    alert_email = app.stacks.alert_email
    unused = set(allowed.destroy)
    exists = app.state_backend.exists()
    is_first = approve is not None and not exists.any and _approved(app, approve_first, alert_email)
    approve = None if is_first else approve
    if not exists.complete:
        made = bootstrap(app, approve=approve, allowed=allowed, lock_timeout=lock_timeout)
        unused -= _addresses_losing_data(made.plan)
    with deploy_lock(app, "deploy", timeout=lock_timeout) as lock:
        recover(app, lock, app.stacks.infrastructure())
        # Before Terraform reads it: what is changed from here on was not applied.
        configuration = app.stacks.configuration()
        end_interrupted_bake(app, lock)
        package = building.result()
        verifying.result()
        app.report.done(f"{package.path.name}, {package.size:,} bytes")
        releases = Releases(app, lock)

        def stack_with(adopt: Mapping[str, str]) -> Stack:
            return app.stacks.infrastructure(
                alert_email, adopt=adopt, watch=CreationWatch(app), package=package
            )

        def make_plan(adopt: Mapping[str, str]) -> AbstractContextManager[SavedPlan]:
            return planned(app, stack_with(adopt), allowed, lock_timeout=lock_timeout)

        def create() -> Plan:
            """Create what cannot be lost, as nothing of it exists."""
            stack = stack_with({})
            lock.require_held()
            plan = stack.create(plan_reporter(app, "deployment"), lock_timeout=lock_timeout)
            remove_unused_apis(app)
            return plan

        def plan_and_apply() -> Plan:
            app.report.doing("comparing with the deployment")
            in_one_run = approve is None and not (unused or package.is_large)
            if in_one_run and (is_first or nothing_exists(app, alert_email)):
                return create()
            with planned_adopting(app, make_plan, alert_email) as saved:
                for address in sorted(unused - _addresses_losing_data(saved.plan)):
                    app.report.note(
                        f"--allow-destroy {address!r} has no effect: the plan keeps its data"
                    )
                if not saved.plan.empty:
                    app.report.plan(saved.plan, "deployment")
                    require_allowed(saved.plan, allowed)
                    if approve is not None:
                        approve(saved.plan)
                    app.report.doing("applying")
                    lock.require_held()
                    releases.mark_unproven()
                    store_large_package(app, package, saved.plan)
                    _unprotect(app, saved.plan)
                    saved.apply()
                    remove_unused_apis(app)
                return saved.plan

        plan = retry_if_stale(app, plan_and_apply)
        record_state(app, lock.lock.who, configuration)
        deployment = app.deployments.get()
        problems = pool.submit(_problems, app, deployment)
        options = replace(options, timeout=smoke_timeout(plan))
        release = releases.release(package, deployment, options)
        return DeployResult(
            plan=plan,
            target=app.target.label,
            deployment=deployment,
            release=release,
            console_url=app.target.console_url(deployment),
            problems=problems.result(),
        )


def _approved(app: App, approve: ApproveFirst | None, alert_email: str) -> bool:
    """Return whether nothing of the deployment exists, and all that it creates was approved."""
    app.report.doing("looking for what exists")
    if approve is None or not nothing_exists(app, alert_email):
        return False
    settings = app.settings
    approve(
        FirstDeploy(
            target=app.target.label,
            bucket=settings.state_bucket,
            lock_table=settings.lock_table,
            function_name=settings.function_name,
            table_name=settings.table_name,
            downloads_terraform=app.toolchain.find() is None,
        )
    )
    return True


def _addresses_losing_data(plan: Plan) -> set[str]:
    return {change.address for change in plan.data_losses}


def _unprotect(app: App, plan: Plan) -> None:
    """Turn off the deletion protection of the tables that were allowed to be destroyed."""
    for change in plan.data_losses:
        if change.type == "aws_dynamodb_table" and change.action != "forget":
            app.tables.allow_deletion(change.id)


def _problems(app: App, deployment: Deployment) -> tuple[Problem, ...]:
    """Return what is to be known about a deployment, whichever release serves."""
    topic = deployment.topic_arn
    subscriptions = app.topics.subscriptions(topic)
    return (
        *pending_subscriptions(app.target, topic, subscriptions, temporary=deployment.temporary),
        *find_strays(app),
    )
