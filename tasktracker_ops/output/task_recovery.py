"""Tasks as they were, compared with those of now, as text."""

from __future__ import annotations

from tasktracker_ops.errors import counted, quoted
from tasktracker_ops.models.task import endings
from tasktracker_ops.models.task_recovery import (
    CleanupResult,
    RecoverResult,
    Selection,
    TaskDifference,
)

from .columns import Column, fit
from .results import text
from .screen import Screen
from .text import escape_control_characters, table

_MOST_ROWS = 20  # of each kind on a terminal
_KINDS = ("missing", "changed", "new")


@text.register
def _(result: RecoverResult, screen: Screen) -> str:
    if result.recovered:
        summary = f"Brought back {counted(len(result.recovered), 'task')}."
        # On a terminal, the question has shown them.
        return summary if screen.columns else f"{differences(result, None)}\n\n{summary}"
    lines = [differences(result, screen.columns)]
    if result.missing or result.changed:
        again = f"tasks recover --to {result.at} --{'missing' if result.missing else 'changed'}"
        lines.append(f"Nothing was brought back. To do so: {screen.command(again)}")
    return "\n\n".join(lines)


@text.register
def _(result: CleanupResult, screen: Screen) -> str:
    name = escape_control_characters(result.table)
    return f"Removed {name}." if result.removed else f"There is no {name}: nothing is left over."


def differences(result: RecoverResult, width: int | None) -> str:
    """Return what differs, on a terminal of `width` columns in a few rows of each kind."""
    then = f"{counted(result.tasks_then, 'task')} at {result.at}"
    heading = f"{escape_control_characters(result.table)}: {then}, {result.tasks_now:,} now."
    counts = ", ".join(f"{len(getattr(result, kind)):,} {kind}" for kind in _KINDS)
    rows = [(kind, each) for kind in _KINDS for each in _shown(getattr(result, kind), width)]
    if not rows:
        return f"{heading}\nNothing differs."
    short = endings([each.task_id for _, each in rows])
    kinds = [kind for kind, _ in rows]
    statuses = [each.status for _, each in rows]
    fields = [", ".join(each.fields) for _, each in rows]
    titles = [each.title for _, each in rows]
    if width is None:
        ids = [each.task_id for _, each in rows]
        columns = zip(kinds, ids, statuses, fields, titles, strict=True)
        body = table(["", "id", "status", "changed", "title"], columns)
    else:
        body = fit(
            [
                Column("", kinds, weight=5),
                Column("id", short, weight=4),
                Column("status", statuses, weight=2),
                Column("changed", fields, weight=3),
                Column("title", titles, weight=6, cuts=True),
            ],
            width,
        )
    more = sum(len(getattr(result, kind)) for kind in _KINDS) - len(rows)
    rest = f"\n… and {more:,} more: --output json lists all" if more else ""
    return f"{heading}\n{counts}.\n\n{body}{rest}"


def _shown(differences: tuple[TaskDifference, ...], width: int | None) -> list[TaskDifference]:
    return list(differences if width is None else differences[:_MOST_ROWS])


def question(result: RecoverResult, selection: Selection) -> str:
    """Return the question whether what was chosen may be written."""
    whole = [
        f"{len(getattr(result, kind)):,} {kind}"
        for kind in ("missing", "changed")
        if getattr(selection, kind) and getattr(result, kind)
    ]
    named = [quoted(each) for each in selection.references]
    what = " and ".join([*whole, *named]) or "0"
    return f"Bring back {what} of {counted(result.tasks_then, 'task')} as of {result.at}?"
