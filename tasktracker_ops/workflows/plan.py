"""Plan a deploy."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING

from tasktracker_ops.models.plan import Plan

from .adoption import planned_adopting
from .bootstrap import require_backend
from .build import build
from .code_changes import code_change
from .dead_runs import await_dead_terraform_locks
from .state import require_plannable

if TYPE_CHECKING:
    from tasktracker_ops.adapters.terraform.stack import SavedPlan
    from tasktracker_ops.app import App


def plan(app: App, *, lock_timeout: int = 0) -> Plan:
    """Return what a deploy would change; write nothing but the package.

    Raises TtOpsError `state-backend-missing` before the first bootstrap.
    """
    app.stacks.require_settings()
    app.ensure_ready()
    alert_email = app.stacks.alert_email
    require_backend(app)
    await_dead_terraform_locks(app, lock_timeout)
    require_plannable(app)
    package = build(app)
    app.report.doing("comparing with the deployment")

    def make_plan(adopt: Mapping[str, str]) -> AbstractContextManager[SavedPlan]:
        stack = app.stacks.infrastructure(alert_email, command="plan", adopt=adopt, package=package)
        return stack.planned(lock_timeout=lock_timeout)

    with planned_adopting(app, make_plan, alert_email, forget=False) as saved:
        return replace(saved.plan, code=code_change(app, package, saved.plan))
