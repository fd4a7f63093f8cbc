"""Remove the deployment, and on request the state backend too."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tasktracker_ops.adapters.aws.state_backend import GITHUB_STATE_KEY
from tasktracker_ops.errors import Problem, TtOpsError, counted
from tasktracker_ops.models.deployment import DestroyResult
from tasktracker_ops.models.plan import Plan

from .adoption import find_adoptable, import_resources, report_adoption, with_unmanaged
from .bootstrap import remove_backend, require_no_other_use
from .build import ensure_package
from .deploy_lock import HeldLock, deploy_lock
from .github_access import has_github_access, remove_github
from .plan_guard import retry_if_stale
from .state import forget_state, heal_state, recover
from .strays import find_strays, unmanaged_apis

if TYPE_CHECKING:
    from tasktracker_ops.adapters.terraform.stack import SavedPlan
    from tasktracker_ops.app import App

# Receives a plan that was reported, and whether the environment's name has to be typed; raises
# unless everything may be destroyed.
ApproveDestroy = Callable[[Plan, bool], None]
_NOTHING = Plan(add=0, change=0, destroy=0, changes=())


def destroy(
    app: App,
    *,
    approve: ApproveDestroy,
    backend: bool = False,
    lock_timeout: int = 0,
) -> DestroyResult:
    """Delete every resource of the deployment, the tasks included.

    `approve` gets the plan and whether it takes the environment's name to approve it, which is so
    for the default one and where the table is protected from deletion; it raises to stop. The state
    backend is kept unless `backend`.
    """
    if backend:
        # Before anything is deleted: a refusal halfway would leave half a deployment.
        require_no_other_use(app)
    exists = app.state_backend.exists()
    with ExitStack() as stack:
        lock = None
        if exists.bucket:
            lock = stack.enter_context(deploy_lock(app, "destroy", timeout=lock_timeout))
            if backend:
                lock.require_nobody_waits()
            if exists.complete:
                recover(app, lock, app.stacks.infrastructure(command="destroy"))
                if backend:
                    heal_state(app, GITHUB_STATE_KEY)
        if backend and has_github_access(app):
            app.report.note("The roles for GitHub Actions are deleted as well.")
        plan = _NOTHING
        if exists.complete and lock:
            plan = _remove_deployment(
                app, lock, approve=approve, backend=backend, lock_timeout=lock_timeout
            )
        else:
            _require_nothing_alive(app)
            if backend:
                _approve(app, plan, approve)
        if backend:
            # After the deployment, whose role uses the permissions boundary that is deleted here.
            remove_github(app)
            remove_backend(app, lock)
    return DestroyResult(plan=plan, backend=backend)


def _remove_deployment(
    app: App, lock: HeldLock, *, approve: ApproveDestroy, backend: bool, lock_timeout: int
) -> Plan:
    ensure_package(app)
    stack = app.stacks.infrastructure(command="destroy")

    def left_alone(problem: Problem) -> None:
        app.report.note(f"left alone: {problem.message}")

    def plan_and_apply() -> Plan:
        app.report.doing("reading the deployment")
        adoption = find_adoptable(app, foreign=left_alone)
        apis = unmanaged_apis(app, adoption)
        report_adoption(app, adoption)
        with stack.planned(destroy=True, lock_timeout=lock_timeout) as saved:
            plan = with_unmanaged(saved.plan, adoption, apis)
            if backend or not plan.empty:
                app.report.plan(plan, "deployment")
                _approve(app, plan, approve)
            lock.require_held()
            if not (saved.plan.empty or adoption.resources):
                _apply(app, saved)
        if adoption.resources:
            app.report.doing("adopting")
            import_resources(app, adoption)
            with stack.planned(destroy=True, lock_timeout=lock_timeout) as saved:
                _apply(app, saved)
        for api in apis:
            app.apis.delete(api.id)
        return plan

    plan = retry_if_stale(app, plan_and_apply)
    forget_state(app)
    app.drill_records.delete()
    for problem in find_strays(app, adopted=()):
        if problem.code.startswith("stray-"):
            app.report.note(f"left alone: {problem.message}; {problem.hint}")
    return plan


def _approve(app: App, plan: Plan, approve: ApproveDestroy) -> None:
    protected = app.environment.is_default or app.tables.is_protected(app.settings.table_name)
    approve(plan, protected)


def _apply(app: App, saved: SavedPlan) -> None:
    app.report.doing("applying")
    app.tables.allow_deletion(app.settings.table_name)
    saved.apply()


def _require_nothing_alive(app: App) -> None:
    """Raise TtOpsError `state-backend-missing` where only the state backend is gone."""
    if alive := find_adoptable(app, foreign=lambda _: None).resources:
        raise TtOpsError(
            "state-backend-missing",
            f"{counted(len(alive), 'resource')} of the deployment exist, such as "
            f"{alive[0].id!r}, but the state backend does not",
            hint="create it again, then destroy: tt-ops bootstrap",
        )
