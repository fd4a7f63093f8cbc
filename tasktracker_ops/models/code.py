"""The code of a deployment, compared with that of the project."""

from __future__ import annotations

from tasktracker_ops.errors import Problem
from tasktracker_ops.frozen import dataclass

from .release import PROVEN, UNPROVEN, ReleaseResult


@dataclass(frozen=True, slots=True)
class CodeChange:
    """What a deploy would release, instead of the live release or as the first one.

    `release` is the live one, None before the first. `commit` and `outcome` are those of its
    record; without one it is unproven, and which files differ is unknown. `changed`, `added` and
    `removed` are paths below lambda_function/. `other_package` says that the packages differ, by
    the files or by what they need; `configuration` names the function's settings that differ.
    """

    release: str | None
    commit: str | None = None
    outcome: str = UNPROVEN
    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    other_package: bool = False
    configuration: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Return whether a deploy would release nothing, and check nothing again."""
        return self.same and self.outcome == PROVEN

    @property
    def same(self) -> bool:
        """Return whether the live release has this code and this configuration."""
        return self.release is not None and not (self.other_package or self.configuration)

    @property
    def files(self) -> tuple[str, ...]:
        """Return all files that differ."""
        return (*self.changed, *self.added, *self.removed)


@dataclass(frozen=True, slots=True)
class SaveResult:
    """What became of a save: a `release`, or the `problem` for which the one before still serves.

    `files` were saved, none of them at the start. `seconds` are from the save to the last check.
    """

    at: str
    files: tuple[str, ...]
    seconds: float
    release: ReleaseResult | None
    problem: Problem | None
