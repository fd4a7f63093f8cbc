"""Tasks, and the results of the commands on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, fields
from itertools import pairwise
from os.path import commonprefix
from pathlib import Path
from typing import Any, ClassVar, Self

from tasktracker_ops.frozen import dataclass


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
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the task of an API object; unknown keys are ignored.

        Raises KeyError without an id.
        """
        known = {f.name: data.get(f.name) for f in fields(cls)}
        return cls(**{**known, "task_id": data["task_id"]})

    @classmethod
    def of(cls, task: Task) -> Self:
        """Return the same task as a result of its own."""
        return cls(**{f.name: getattr(task, f.name) for f in fields(Task)})


WRITABLE = tuple(each.name for each in fields(Task) if "writable" in each.metadata)


@dataclass(frozen=True, slots=True)
class TaskList:
    """Tasks, newest first; as JSON a bare array."""

    redacted: ClassVar = False

    tasks: tuple[Task, ...]


_SHORTEST_ENDING = 4


def endings(task_ids: Sequence[str]) -> list[str]:
    """Return the shortest ending of each id that no other has, of at least four characters."""
    # Of sorted ids, the one with the longest common part is a neighbour.
    ranked = sorted({task_id[::-1] for task_id in task_ids})
    lengths = dict.fromkeys(ranked, _SHORTEST_ENDING)
    for first, second in pairwise(ranked):
        needed = len(commonprefix((first, second))) + 1  # noqa: RUF071  # no paths
        for each in (first, second):
            lengths[each] = max(lengths[each], needed)
    return [task_id[-lengths[task_id[::-1]] :] for task_id in task_ids]


@dataclass(frozen=True, slots=True)
class RemoveResult:
    """A task that was deleted."""

    task_id: str


@dataclass(frozen=True, slots=True)
class AddResult(Task):
    """A task that was added, one of several."""


@dataclass(frozen=True, slots=True)
class ShowResult(Task):
    """A task that is shown, one of several."""


@dataclass(frozen=True, slots=True)
class DoneResult(Task):
    """A task that was marked as done, one of several."""


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """A task that was removed; `restored` is False where there is one under its id already."""

    redacted: ClassVar = False

    task_id: str
    title: str | None
    restored: bool


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
