"""A project's template: its files, and what `init` and `init --upgrade` did with them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tasktracker_ops.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Template:
    """The files of a new project as a version of tt-ops has them, by path."""

    version: str
    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class TemplateRecord:
    """What a project was made from: the SHA-256 of each file as the template had it.

    A file with None was there before, so no upgrade touches it.
    """

    version: str
    files: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class InitResult:
    """A new project; `kept` are the files that were there before and differ from the template."""

    folder: Path
    version: str
    created: tuple[str, ...]
    kept: tuple[str, ...]
    next_steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileChange:
    """What an upgrade does with a file.

    `action` is added, updated, merged, conflict, removed or kept (it differs, and stays).
    """

    path: str
    action: str


@dataclass(frozen=True, slots=True)
class UpgradeResult:
    """What an upgrade changed, or with a `diff` would change.

    `backup` has the changed files as they were.
    """

    folder: Path
    from_version: str
    to_version: str
    changes: tuple[FileChange, ...]
    backup: Path | None = None
    diff: str | None = None

    @property
    def conflicts(self) -> tuple[str, ...]:
        """Return the files in which conflicts are marked."""
        return tuple(each.path for each in self.changes if each.action == "conflict")
