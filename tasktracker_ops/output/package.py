"""The function's package as text."""

from __future__ import annotations

from tasktracker_ops.models.package import Package

from .results import summary_title, text
from .screen import Screen
from .text import pairs


@text.register
@summary_title("Build")
def _(result: Package, screen: Screen) -> str:
    state = "built" if result.changed else "up to date"
    return "\n".join(
        [
            f"{result.path.name} {state}",
            "",
            *(f"  {name}" for name in result.sources),
            "",
            pairs({"size": f"{result.size:,} bytes", "sha256": result.sha256}),
        ]
    )
