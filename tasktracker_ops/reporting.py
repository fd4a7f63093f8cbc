"""What a workflow says and asks while it works: meaning here, appearance in `output` and `cli`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .models import TerraformEvent
    from .plans import Plan

# Gets a plan that was reported, and raises unless it may be applied.
ApprovePlan = Callable[["Plan"], None]


class Reporter(Protocol):
    """Receives what happens as it happens. Never decides, never fails."""

    def doing(self, what: str) -> None:
        """A piece of work starts; it lasts until the next call."""

    def done(self, what: str) -> None:
        """A piece of work ended well."""

    def note(self, what: str) -> None:
        """Something the user should know, also when nothing is watched."""

    def plan(self, plan: Plan, of: str) -> None:
        """What is about to change; `of` names the stack."""

    def terraform(self, event: TerraformEvent) -> None:
        """Terraform went a step further."""

    def download(self, received: int, total: int | None) -> None:
        """So many bytes of a download have arrived."""

    def progress(self, what: str, done: int, total: int | None) -> None:
        """So many of `total` pieces of a work are done; None where nobody knows the total."""
