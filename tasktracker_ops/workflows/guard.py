"""What no plan does by accident: lose or hide what is stored, open what is protected."""

from __future__ import annotations

from tasktracker_ops.errors import SAME_COMMAND, TtOpsError
from tasktracker_ops.plans import Allowed, Plan, dangers


def require_allowed(plan: Plan, allowed: Allowed) -> None:
    """Raise TtOpsError `would-destroy` or `would-open` for what was not allowed by name.

    And `would-hide`, which nothing allows: a number that stays costs little.
    """
    for danger in dangers(plan, allowed=allowed, command=SAME_COMMAND):
        raise TtOpsError(danger.code, danger.message, hint=danger.hint)
