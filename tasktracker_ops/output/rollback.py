"""Rollbacks as text."""

from __future__ import annotations

from collections.abc import Sequence

from tasktracker_ops.errors import counted
from tasktracker_ops.models.rollback import FileChange, Rollback, RollbackResult

from .release import commit
from .results import summary_title, text
from .screen import Screen
from .text import ago, escape_control_characters

_MOST_FILES = 10
_SIGNS = {"added": "+", "changed": "~", "removed": "-"}


@text.register
@summary_title("Rollback")
def _(result: RollbackResult, screen: Screen) -> str:
    after = result.rollback.after
    lines = [
        f"Release {after.release} is live: {commit(after)}, {result.release.outcome}, "
        f"released {ago(after.at)}. Checks: {result.release.checks}.",
        *_differences(result.rollback),
        f"The next deploy rolls forward to the code of the project: {screen.command('deploy')}",
    ]
    return "\n".join(lines)


def rollback_question(rollback: Rollback) -> str:
    """Return the question before a rollback."""
    before, after = rollback.before, rollback.after
    files = "" if rollback.changes is None else f"; {_files_differ(rollback.changes)}"
    now = "no release" if before is None else f"release {before.release} ({commit(before)})"
    return (
        f"{now[0].upper()}{now[1:]} is live. Let release {after.release} ({commit(after)}, "
        f"{after.outcome}, {ago(after.at)}) serve instead{files}?"
    )


def _differences(rollback: Rollback) -> list[str]:
    before, changes = rollback.before, rollback.changes
    if before is None or changes is None:
        return []
    compared = f"Compared with release {before.release} ({commit(before)}), "
    files = [
        f"  {_SIGNS[each.change]} {escape_control_characters(each.path)}"
        for each in changes[:_MOST_FILES]
    ]
    more = [f"  … and {len(changes) - _MOST_FILES} more"] if len(changes) > _MOST_FILES else []
    return [f"{compared}{_files_differ(changes)}{':' if changes else '.'}", *files, *more]


def _files_differ(changes: Sequence[FileChange]) -> str:
    if not changes:
        return "no file differs"
    return f"{counted(len(changes), 'file')} differ{'s' if len(changes) == 1 else ''}"
