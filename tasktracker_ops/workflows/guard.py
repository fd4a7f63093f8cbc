"""What no plan does by accident: lose or hide what is stored, open what is protected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tasktracker_ops.errors import SAME_COMMAND, TtOpsError
from tasktracker_ops.models.plan import Allowed, Plan, violations

if TYPE_CHECKING:
    from tasktracker_ops.adapters.terraform.stack import SavedPlan, Stack
    from tasktracker_ops.app import App


@contextmanager
def planned(
    app: App, stack: Stack, allowed: Allowed, *, lock_timeout: int = 0
) -> Iterator[SavedPlan]:
    """Give a plan in which a table, bucket or topic that is half made is kept and finished.

    Terraform would make it anew after an apply that was interrupted or failed. One that is
    `allowed` to go does go.
    """
    with stack.planned(lock_timeout=lock_timeout) as saved:
        losses = (change for change in saved.plan.losses if change.tainted)
        tainted = [each.address for each in losses if each.address not in allowed.destroy]
        if not tainted:
            yield saved
            return
    for address in tainted:
        app.report.note(f"{address!r} was not made to its end: it is kept, and finished")
        stack.untaint(address)
    with stack.planned(lock_timeout=lock_timeout) as saved:
        yield saved


def require_allowed(plan: Plan, allowed: Allowed) -> None:
    """Raise TtOpsError `would-destroy` or `would-open` for what was not allowed by name.

    And `would-hide`, which nothing allows: a number that stays costs little.
    """
    for danger in violations(plan, allowed=allowed, command=SAME_COMMAND):
        raise TtOpsError(danger.code, danger.message, hint=danger.hint)
