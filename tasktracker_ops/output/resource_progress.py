"""Terraform's work on the resources of a plan: how many are done, and which it works on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tasktracker_ops.models.plan import TerraformEvent

_LOG_SECONDS = 30  # between two lines of a log about a resource that takes long
_EVENT_SECONDS = 10  # between two of Terraform's events about it
_DONE = {
    "create": "created",
    "update": "changed",
    "replace": "replaced",
    "delete": "deleted",
    "import": "imported",
}


class ResourceProgress:
    """The resources that are done, of a `total`, and those that Terraform works on."""

    def __init__(self, total: int = 0) -> None:
        self.total = total
        # A replaced resource completes twice.
        self._finished: set[str] = set()
        self._running: dict[str, float] = {}  # by address, since when

    @property
    def done(self) -> int:
        """Return how many resources are done."""
        return len(self._finished)

    def end(self, event: TerraformEvent) -> str:
        """Count a resource that is complete or failed; return its line for a log."""
        self._running.pop(event.address, None)
        if event.kind == "errored":
            return click.style("  ✗ ", fg="red") + f"{'failed':<9}{event.address}"
        self._finished.add(event.address)
        verb = _DONE.get(event.action, event.action)
        return click.style("  ✓ ", fg="green") + f"{verb:<9}{event.address}{_seconds(event)}"

    def wait(self, event: TerraformEvent) -> str:
        """Note a resource that Terraform works on; return a line for a log every 30 seconds."""
        self._running.setdefault(event.address, time.monotonic() - event.elapsed)
        # A log that says nothing for minutes looks dead.
        if event.elapsed >= _LOG_SECONDS and event.elapsed % _LOG_SECONDS < _EVENT_SECONDS:
            return f"  … {'waiting':<9}{event.address}{_seconds(event)}"
        return ""

    def line(self) -> str:
        """Return how many resources are done, and for which one Terraform waits the longest."""
        line = f"{self.done}/{self.total}"
        running = sorted(self._running.items(), key=lambda each: each[1])
        if running:
            address, since = running[0]
            line += f" waiting for {address} {time.monotonic() - since:.0f}s"
        return f"{line} and {len(running) - 1} more" if running[1:] else line


def _seconds(event: TerraformEvent) -> str:
    return f" {event.elapsed}s" if event.elapsed else ""
