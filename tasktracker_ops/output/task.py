"""Tasks, and results of the commands on them, as text."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from dataclasses import asdict, fields

from tasktracker_ops.errors import counted, quoted
from tasktracker_ops.models.task import (
    AddResult,
    DoneResult,
    ExportResult,
    ImportResult,
    RemoveResult,
    RestoreResult,
    ShowResult,
    Task,
    TaskList,
    endings,
)

from .columns import Column, fit
from .results import text
from .screen import Screen
from .text import ago, escape_control_characters, pairs, table

_MOST_TITLES = 10
# A spreadsheet runs a cell that begins like this (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")


@text.register
def _(result: Task, screen: Screen) -> str:
    return _fields(result)


def _fields(task: Task) -> str:
    return pairs({name: value for name, value in asdict(task).items() if value is not None})


@text.register
def _(result: ShowResult, screen: Screen) -> str:
    return _fields(result) + "\n"


@text.register
def _(result: TaskList, screen: Screen) -> str:
    if not result.tasks:
        return "No tasks yet. Add one: " + screen.command("tasks add 'Try the Task Tracker'")
    tasks = result.tasks
    # The title is the longest column, so it is the last.
    listed = [each.name for each in fields(Task) if "listed" in each.metadata]
    columns = {name: [getattr(task, name) for task in tasks] for name in listed}
    titles = columns.pop("title")
    ids = columns.pop("task_id")
    if screen.columns is None:
        return table(["id", *columns, "title"], zip(ids, *columns.values(), titles, strict=True))
    return fit(
        [
            Column("#", range(1, len(tasks) + 1), weight=5, right=True),
            Column("id", endings(ids), weight=4),
            *(Column(name, cells, weight=3) for name, cells in columns.items()),
            Column("changed", [ago(task.updated_at or "") for task in tasks], weight=1),
            Column("title", titles, weight=6, cuts=True),
        ],
        screen.columns,
    )


@text.register
def _(result: RemoveResult, screen: Screen) -> str:
    removed = f"Removed {escape_control_characters(result.task_id)}."
    if screen.columns is None:
        return removed
    return f"{removed}\n  Undo: {screen.command(f'tasks restore {result.task_id[-8:]}')}"


@text.register
def _(result: RestoreResult, screen: Screen) -> str:
    outcome = "Restored" if result.restored else "It exists already:"
    return escape_control_characters(f"{outcome} {result.task_id}  {result.title}")


@text.register
def _(result: AddResult, screen: Screen) -> str:
    return escape_control_characters(f"Added {result.task_id}  {result.title}")


@text.register
def _(result: DoneResult, screen: Screen) -> str:
    return escape_control_characters(f"Done {result.task_id}  {result.title}")


@text.register
def _(result: ExportResult, screen: Screen) -> str:
    return f"Exported {counted(result.tasks, 'task')} to {escape_control_characters(result.file)}."


@text.register
def _(result: ImportResult, screen: Screen) -> str:
    numbers = f"{result.created:,} created, {result.already_there:,} already there"
    return f"Imported: {numbers}, {len(result.failed):,} failed."


def question(verb: str, tasks: Sequence[Task]) -> str:
    """Return the question whether tasks may be removed or restored, which names them."""
    if len(tasks) == 1:
        return f"{verb} {quoted(str(tasks[0].title))} (id {tasks[0].task_id})?"
    rows = [
        f"  {short}  {quoted(str(task.title))}"
        for task, short in zip(tasks, endings([each.task_id for each in tasks]), strict=True)
    ]
    if len(rows) > _MOST_TITLES:
        rows[_MOST_TITLES:] = [f"  and {len(rows) - _MOST_TITLES:,} more"]
    return "\n".join([f"{verb} these {len(tasks):,} tasks?", *rows, "Agree?"])


class _Lines(list[str]):
    """What csv writes to: a line for each call."""

    write = list.append


def as_csv(result: TaskList) -> str:
    """Return tasks as CSV (RFC 4180); an apostrophe precedes what looks like a formula."""
    names = [field.name for field in fields(Task)]
    lines = _Lines()
    # csv quotes a cell for the line end that it writes itself, which is removed below.
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([_cell(getattr(task, name)) for name in names] for task in result.tasks)
    text = "\n".join(line.removesuffix("\r\n") for line in lines)
    return escape_control_characters(text, keep="\n") if sys.stdout.isatty() else text


def _cell(value: str | int | None) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
