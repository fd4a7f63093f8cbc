"""The plan guard: no plan loses or hides data or makes a protected API public by accident."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.plan import AllowedChanges, Plan, violations

if TYPE_CHECKING:
    from tasktracker_ops.adapters.terraform.stack import SavedPlan, Stack
    from tasktracker_ops.app import App

_PLANS = 3


@contextmanager
def planned(
    app: App, stack: Stack, allowed: AllowedChanges, *, lock_timeout: int = 0
) -> Iterator[SavedPlan]:
    """Yield a plan that keeps tainted tables, buckets and topics.

    Terraform would replace them after an apply that was interrupted or failed. Those that are
    `allowed` to be destroyed are replaced.
    """
    with stack.planned(lock_timeout=lock_timeout) as saved:
        tainted = [
            change.address
            for change in saved.plan.data_losses
            if change.tainted and change.address not in allowed.destroy
        ]
        if not tainted:
            yield saved
            return
    for address in tainted:
        app.report.note(f"{address!r} is tainted: it is kept, and its creation completed")
        stack.untaint(address)
    with stack.planned(lock_timeout=lock_timeout) as saved:
        yield saved


def plan_reporter(app: App, name: str) -> Callable[[Plan], None]:
    """Return what shows a plan that is applied at once; `name` is what it is for."""

    def show(plan: Plan) -> None:
        app.report.plan(plan, name)
        app.report.doing("applying")

    return show


def retry_if_stale(app: App, plan_and_apply: Callable[[], Plan]) -> Plan:
    """Plan and apply; again, a few times, if a run outside of tt-ops changed the state between."""
    for _ in range(_PLANS - 1):
        try:
            return plan_and_apply()
        except TtOpsError as error:
            if error.code != "plan-stale":
                raise
            app.report.note("The state has changed since the plan was made: it is planned again")
    return plan_and_apply()


def require_allowed(plan: Plan, allowed: AllowedChanges, *, command: str = "tt-ops deploy") -> None:
    """Raise TtOpsError `would-destroy`, `would-make-public` or `would-hide-tasks`.

    The first two can be allowed to `command`; nothing allows the last, since keeping the number
    costs little.
    """
    for violation in violations(plan, allowed=allowed, command=command):
        raise TtOpsError(violation.code, violation.message, hint=violation.hint)
