"""Remove the deployment, and on request the state backend too."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tasktracker_ops.models import Destroyed, Plan

from .bootstrap import remove_backend
from .build import build

if TYPE_CHECKING:
    from tasktracker_ops.app import App

# A destroy evaluates the variables, but mails nobody.
NOBODY = "nobody@example.com"
_NOTHING = Plan(add=0, change=0, destroy=0, changes=())
Approve = Callable[[Plan], None]


def destroy(
    app: App,
    *,
    approve: Approve,
    backend: bool = False,
    lock_timeout: int = 0,
) -> Destroyed:
    """Delete every resource of the deployment, the tasks included.

    `approve` gets the plan and raises to stop. The state backend stays unless `backend`.
    """
    presence = app.state_backend.presence()
    plan = _NOTHING
    if presence.complete:
        plan = _remove_deployment(app, approve=approve, backend=backend, lock_timeout=lock_timeout)
    elif backend:
        approve(plan)
    if backend:
        remove_backend(app)
    return Destroyed(plan=plan, backend=backend)


def _remove_deployment(app: App, *, approve: Approve, backend: bool, lock_timeout: int) -> Plan:
    # Terraform reads the package even to delete the function.
    build(app.settings.project)
    stack = app.infrastructure(app.settings.alert_email or NOBODY, command="destroy")
    app.report.doing("looking at what is deployed")
    stack.initialise()
    with tempfile.TemporaryDirectory(prefix="tt-ops-") as folder:
        file = Path(folder) / "plan"
        plan = stack.plan(file, destroy=True, lock_timeout=lock_timeout)
        if backend or not plan.empty:
            app.report.plan(plan)
            approve(plan)
        if not plan.empty:
            app.tables.allow_deletion(app.settings.table_name)
            stack.apply(file, lock_timeout=lock_timeout)
    return plan
