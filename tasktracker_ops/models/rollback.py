"""Rollbacks: which release serves instead of which, and what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .release import Release, ReleaseResult


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file below lambda_function/ that differs: `change` is added, changed or removed."""

    path: str
    change: str


def file_changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[FileChange, ...]:
    """Return what differs between the files of two releases, by their digests."""
    return tuple(
        FileChange(
            path,
            "added" if path not in before else "removed" if path not in after else "changed",
        )
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    )


@dataclass(frozen=True, slots=True)
class Rollback:
    """What a rollback does: from `before`, None where no release was live, to `after`.

    `changes` are what `after` has different; None where the files of one are unknown.
    """

    before: Release | None
    after: Release
    changes: tuple[FileChange, ...] | None


@dataclass(frozen=True, slots=True)
class RollbackResult:
    """A rollback that was done, and how the release that serves now was checked."""

    rollback: Rollback
    release: ReleaseResult
