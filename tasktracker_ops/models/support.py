"""The archive for somebody who helps."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tasktracker_ops.errors import Problem
from tasktracker_ops.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of everything involved; None is not there."""

    tt_ops: str
    template: str | None
    python: str
    system: str
    terraform: str | None
    packages: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SupportPart:
    """A file of the archive: its name and size in bytes; with a problem, that is its content."""

    name: str
    size: int
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class SupportResult:
    """The archive that was written, and what is in it."""

    file: Path
    size: int
    parts: tuple[SupportPart, ...]
