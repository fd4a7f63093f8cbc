"""Tasks, and the results of the commands on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Task:
    """A task as the API returns it; fields that an old item lacks are None.

    Showing, editing, exporting and importing tasks follow these declarations: clients may write the
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
        """Return the task of an API object; unknown keys are ignored.

        Raises KeyError without an id.
        """
        known = {f.name: data.get(f.name) for f in fields(cls)}
        return cls(**{**known, "task_id": data["task_id"]})


WRITABLE = tuple(each.name for each in fields(Task) if "writable" in each.metadata)


@dataclass(frozen=True, slots=True)
class TaskList:
    """Tasks, newest first; as JSON a bare array."""

    redacted: ClassVar = False

    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class RemoveResult:
    """A task that was deleted."""

    task_id: str


@dataclass(frozen=True, slots=True)
class AddResult(Task):
    """A task that was added, one of several."""


@dataclass(frozen=True, slots=True)
class ExportResult:
    """How many tasks were written to a file, one JSON object per line, oldest first."""

    file: Path
    tasks: int


@dataclass(frozen=True, slots=True)
class FailedLine:
    """A line, counted from 1, that could not be imported."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class ImportResult:
    """How many lines of a file were imported; `complete` is False when the import ended early."""

    created: int
    already_there: int
    failed: tuple[FailedLine, ...]
    complete: bool
