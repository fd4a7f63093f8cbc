"""What `doctor` found: one result for each check."""

from __future__ import annotations

from tasktracker_ops.frozen import dataclass

OK, WARNING, FAILED, SKIPPED = STATES = ("ok", "warning", "failed", "skipped")


@dataclass(frozen=True, slots=True)
class Check:
    """A check that was made: `state` is ok, warning, failed or skipped, `detail` what was found.

    `fix` ends with the command that fixes it; None where there is nothing to fix.
    """

    name: str
    state: str
    detail: str
    fix: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All checks, in the order of their groups, and how long they took together."""

    checks: tuple[Check, ...]
    seconds: float

    @property
    def failed(self) -> bool:
        """Return whether a check failed."""
        return any(check.state == FAILED for check in self.checks)
