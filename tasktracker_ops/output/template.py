"""A new project, and its upgrade, as text."""

from __future__ import annotations

from tasktracker_ops.errors import counted
from tasktracker_ops.models.template import InitResult, UpgradeResult

from .results import text
from .screen import Screen
from .text import escape_control_characters


@text.register
def _(result: InitResult, screen: Screen) -> str:
    parts = [f"Created {result.folder}: {counted(len(result.created), 'file')}."]
    if result.kept:
        parts.append("Kept, as they were there before:\n" + _lines(result.kept))
    parts.append("Next:\n" + _lines(result.next_steps))
    return "\n\n".join(parts)


@text.register
def _(result: UpgradeResult, screen: Screen) -> str:
    if result.diff is not None:
        return escape_control_characters(result.diff, keep="\n\t").rstrip() or "Nothing to do."
    if not result.changes:
        return f"Nothing to do: the project is of tt-ops {result.to_version}."
    rows = [f"{each.action:<9} {each.path}" for each in result.changes]
    parts = [
        f"Upgraded from tt-ops {result.from_version} to {result.to_version}.",
        _lines(rows),
    ]
    if result.backup is not None:
        parts.append(f"The files as they were are in {result.backup}")
    if result.conflicts:
        parts.append(
            f"Conflicts are marked in {counted(len(result.conflicts), 'file')}; "
            "find them: git grep -n '<<<<<<< yours'"
        )
    return "\n\n".join(parts)


def _lines(lines: tuple[str, ...] | list[str]) -> str:
    return "\n".join(f"  {escape_control_characters(line)}" for line in lines)
