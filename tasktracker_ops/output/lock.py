"""Results of `lock` and `unlock` as text."""

from __future__ import annotations

from tasktracker_ops.models.lock import LockResult, UnlockResult

from .results import text
from .screen import Screen
from .text import escape_control_characters, pairs


@text.register
def _(result: LockResult, screen: Screen) -> str:
    rows = {"reason": result.reason, "by": result.who, "ID": result.id}
    command = screen.command(f"unlock {result.id}")
    return f"Deploys are locked.\n\n{pairs(rows)}\n\nRelease the lock: {command}"


@text.register
def _(result: UnlockResult, screen: Screen) -> str:
    released = ", ".join(map(escape_control_characters, result.released))
    first = f"Released the lock {released}." if released else "Nothing was locked."
    if result.holder is not None:
        return f"{first} Locked again: {escape_control_characters(result.holder)}."
    return f"{first} The deploy lock and both locks of Terraform are free."
