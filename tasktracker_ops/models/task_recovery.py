"""Tasks as they were at an earlier time, compared with those of now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from tasktracker_ops.frozen import dataclass


@dataclass(frozen=True, slots=True)
class RecoveryWindow:
    """The times to which a table can be restored."""

    earliest: datetime
    latest: datetime


@dataclass(frozen=True, slots=True)
class TaskDifference:
    """A task that is not what it was: with title and status as they were, or are if it is new.

    `fields` are those that changed; empty for a task that is missing or new.
    """

    redacted: ClassVar = False  # the user's own data is printed as it is

    task_id: str
    title: str
    status: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecoverResult:
    """What a table had at a time and has now, and the ids of the tasks that were brought back.

    `overtaken` are the ids of those that were to be brought back, and changed in the meantime.
    """

    redacted: ClassVar = False

    table: str
    at: str
    tasks_then: int
    tasks_now: int
    missing: tuple[TaskDifference, ...]
    changed: tuple[TaskDifference, ...]
    new: tuple[TaskDifference, ...]
    recovered: tuple[str, ...] = ()
    overtaken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """Which tasks to bring back: all that are missing, all that changed, and those named."""

    missing: bool = False
    changed: bool = False
    references: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class CleanupResult:
    """A table that an interrupted recovery had left; `removed` is False if there was none."""

    table: str
    removed: bool
