"""The text of what happens to several tasks."""

from __future__ import annotations

from tasktracker_ops.models import Added, Exported, Imported

from .results import text
from .screen import Screen
from .text import visible


@text.register
def _(result: Added, screen: Screen) -> str:
    return f"Added {visible(result.task_id)}  {visible(result.title)}"


@text.register
def _(result: Exported, screen: Screen) -> str:
    return f"Exported {result.tasks:,} tasks to {visible(result.file)}."


@text.register
def _(result: Imported, screen: Screen) -> str:
    counts = f"{result.created:,} created, {result.already_there:,} already there"
    return f"Imported: {counts}, {len(result.failed):,} failed."
