"""How workflows report progress and ask for approval; `output` and `cli` implement it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .models.canary import BakeProgress
    from .models.plan import Plan, TerraformEvent

# Receives a plan that was reported; raises unless it may be applied.
ApprovePlan = Callable[["Plan"], None]


class Reporter(Protocol):
    """Shows progress; its methods neither return anything nor raise."""

    def doing(self, what: str) -> None:
        """Report work that lasts until the next call."""

    def doing_each(self, what: Sequence[str]) -> None:
        """Report work on several things beside each other, a line each, until the next call."""

    def done(self, what: str) -> None:
        """Report a completed step."""

    def note(self, what: str) -> None:
        """Report something that the user should read, also without a terminal."""

    def plan(self, plan: Plan, of: str) -> None:
        """Report the changes of a plan; `of` names the stack."""

    def terraform(self, event: TerraformEvent) -> None:
        """Report an event of Terraform."""

    def download(self, received: int, total: int | None) -> None:
        """Report how many bytes of a download were received; None if the total is unknown."""

    def progress(self, what: str, done: int, total: int | None) -> None:
        """Report how many of `total` items are done; None if the total is unknown."""

    def baking(self, progress: BakeProgress) -> None:
        """Report how both versions have done so far, every few seconds while a release bakes."""


class Silent:
    """Reports nothing."""

    def doing(self, what: str) -> None:
        """Show nothing."""

    def doing_each(self, what: Sequence[str]) -> None:
        """Show nothing."""

    def done(self, what: str) -> None:
        """Print nothing."""

    def note(self, what: str) -> None:
        """Print nothing."""

    def plan(self, plan: Plan, of: str) -> None:
        """Print nothing."""

    def terraform(self, event: TerraformEvent) -> None:
        """Show nothing."""

    def download(self, received: int, total: int | None) -> None:
        """Show nothing."""

    def progress(self, what: str, done: int, total: int | None) -> None:
        """Show nothing."""

    def baking(self, progress: BakeProgress) -> None:
        """Show nothing."""


class LiveSteps:
    """Shows steps only while they last, for work that prints a line of its own at its end."""

    def __init__(self, report: Reporter) -> None:
        self.doing = report.doing
        self.doing_each = report.doing_each
        self.note = report.note
        self.plan = report.plan
        self.terraform = report.terraform
        self.download = report.download
        self.progress = report.progress
        self.baking = report.baking

    def done(self, what: str) -> None:
        """Print nothing."""
