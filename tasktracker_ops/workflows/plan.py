"""Say what a deploy would change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.plan import Plan

from .build import build

if TYPE_CHECKING:
    from tasktracker_ops.app import App


def plan(app: App, *, lock_timeout: int = 0) -> Plan:
    """Compare the project with what is deployed; nothing but the package is written.

    Raises TtOpsError `state-backend-missing` before the first bootstrap.
    """
    recipient = app.target.recipient()
    app.ensure_ready()
    exists = app.state_backend.exists()
    if not exists.complete:
        raise TtOpsError(
            "state-backend-missing",
            f"there is no state backend yet: bucket {app.state_backend.bucket!r} "
            f"or lock table {app.state_backend.lock_table!r} is missing",
            hint="make them: tt-ops bootstrap",
        )
    build(app.settings.project)
    stack = app.infrastructure(recipient, command="plan")
    app.report.doing("comparing with what is deployed")
    with stack.planned(lock_timeout=lock_timeout) as saved:
        return saved.plan
