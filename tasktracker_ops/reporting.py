"""What a workflow reports and asks while it works; `output` and `cli` decide how it looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .models.plan import Plan, TerraformEvent

# Takes a plan that was reported, and raises unless it may be applied.
ApprovePlan = Callable[["Plan"], None]


class Reporter(Protocol):
    """Receives what happens as it happens; never decides, never fails."""

    def doing(self, what: str) -> None:
        """Report work that starts, and lasts until the next call."""

    def done(self, what: str) -> None:
        """Report a step that is done."""

    def note(self, what: str) -> None:
        """Report something the user should know, with or without a terminal."""

    def plan(self, plan: Plan, of: str) -> None:
        """Report what is about to change; `of` names the stack."""

    def terraform(self, event: TerraformEvent) -> None:
        """Report a step of Terraform."""

    def download(self, received: int, total: int | None) -> None:
        """Report how many bytes of a download have arrived."""

    def progress(self, what: str, done: int, total: int | None) -> None:
        """Report how many of `total` items are done; None if the total is not known."""
