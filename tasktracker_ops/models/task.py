"""Tasks, and what the commands on them return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Task:
    """A task as the API serves it; fields that an old item lacks are None.

    All that shows, edits, exports or imports tasks reads these declarations: clients may write the
    fields that are `writable`, and `tasks list` shows those that are `listed`.
    """

    redacted: ClassVar = False  # the user's own data is printed as it is

    task_id: str = field(metadata={"listed": True})
    title: str | None = field(default=None, metadata={"writable": True, "listed": True})
    description: str | None = field(default=None, metadata={"writable": True})
    status: str | None = field(default=None, metadata={"writable": True, "listed": True})
    created_at: str | None = None
    updated_at: str | None = None
    version: int | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Task:
        """Read one object of the API; unknown keys are left out. Raises KeyError without an id."""
        known = {f.name: data.get(f.name) for f in fields(cls)}
        return cls(**{**known, "task_id": data["task_id"]})


WRITABLE = tuple(each.name for each in fields(Task) if "writable" in each.metadata)


@dataclass(frozen=True, slots=True)
class TaskList:
    """Tasks as the API lists them, newest first; JSON is the bare array."""

    redacted: ClassVar = False

    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class RemoveResult:
    """A task that is gone."""

    task_id: str


@dataclass(frozen=True, slots=True)
class AddResult(Task):
    """A task that was just added, one of several."""


@dataclass(frozen=True, slots=True)
class ExportResult:
    """The tasks that were written to a file, one JSON object on each line, the oldest first."""

    file: Path
    tasks: int


@dataclass(frozen=True, slots=True)
class FailedLine:
    """A line, counted from 1, that could not be imported."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of the lines of a file; `complete` is False when something ended it early."""

    created: int
    already_there: int
    failed: tuple[FailedLine, ...]
    complete: bool
