"""Plan a deploy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasktracker_ops.models.plan import Plan

from .bootstrap import require_backend
from .build import build
from .deploy_lock import await_dead_terraform_locks

if TYPE_CHECKING:
    from tasktracker_ops.app import App


def plan(app: App, *, lock_timeout: int = 0) -> Plan:
    """Return what a deploy would change; write nothing but the package.

    Raises TtOpsError `state-backend-missing` before the first bootstrap.
    """
    alert_email = app.target.alert_email()
    app.ensure_ready()
    require_backend(app)
    await_dead_terraform_locks(app, lock_timeout)
    build(app.settings.project)
    stack = app.infrastructure(alert_email, command="plan")
    app.report.doing("comparing with the deployment")
    with stack.planned(lock_timeout=lock_timeout) as saved:
        return saved.plan
