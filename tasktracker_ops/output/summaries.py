"""What the summary page of a CI job shows of a result or an error."""

from __future__ import annotations

from typing import Any

from tasktracker_ops.errors import Problem

from .markdown import markdown
from .screen import Screen

# The results that are told there; others are what somebody asked for and reads at once.
_TITLES = {
    "Package": "Build",
    "Bootstrapped": "State backend",
    "Deployed": "Deploy",
    "Destroyed": "Destroy",
    "Status": "Status",
    "Drill": "Fire drill",
}


def summary(what: Any, screen: Screen) -> str | None:
    """Markdown for a result, or for an error as its `Problem`; None for what is not told there."""
    name = type(what).__name__
    if isinstance(what, Problem) or name == "Plan":
        return markdown(what, screen)
    if name not in _TITLES:
        return None
    return f"### {_sign(what)} {_TITLES[name]}\n\n{markdown(what, screen)}"


def _sign(result: Any) -> str:
    """Whether it went well, as far as the result itself knows."""
    if not (getattr(result, "well", True) and getattr(result, "complete", True)):
        return "❌"
    return "⚠️" if getattr(result, "problems", ()) else "✅"
