"""Tasks, and results of the commands on them, as text."""

from __future__ import annotations

from dataclasses import asdict, fields

from tasktracker_ops.errors import counted
from tasktracker_ops.models.task import (
    AddResult,
    ExportResult,
    ImportResult,
    RemoveResult,
    Task,
    TaskList,
)

from .results import text
from .screen import Screen
from .text import escape_control_characters, pairs, shorten, table


@text.register
def _(result: Task, screen: Screen) -> str:
    return pairs({name: value for name, value in asdict(result).items() if value is not None})


@text.register
def _(result: TaskList, screen: Screen) -> str:
    if not result.tasks:
        return "No tasks yet. Add one: " + screen.command("tasks add 'Try the Task Tracker'")
    # The title is the longest column, so it is the last, and cut to what is left.
    columns = [each.name for each in fields(Task) if "listed" in each.metadata]
    names = [name for name in columns if name != "title"]
    rows = [
        [escape_control_characters(getattr(task, name)) for name in names] for task in result.tasks
    ]
    used = sum(2 + max(map(len, column)) for column in zip(names, *rows, strict=True))
    width = screen.columns and screen.columns - used
    rows_with_titles = [
        [*row, shorten(t.title, width)] for row, t in zip(rows, result.tasks, strict=True)
    ]
    return table(
        [*("id" if name == "task_id" else name for name in names), "title"], rows_with_titles
    )


@text.register
def _(result: RemoveResult, screen: Screen) -> str:
    return f"Removed {escape_control_characters(result.task_id)}."


@text.register
def _(result: AddResult, screen: Screen) -> str:
    return escape_control_characters(f"Added {result.task_id}  {result.title}")


@text.register
def _(result: ExportResult, screen: Screen) -> str:
    return f"Exported {counted(result.tasks, 'task')} to {escape_control_characters(result.file)}."


@text.register
def _(result: ImportResult, screen: Screen) -> str:
    numbers = f"{result.created:,} created, {result.already_there:,} already there"
    return f"Imported: {numbers}, {len(result.failed):,} failed."
