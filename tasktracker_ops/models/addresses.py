"""The addresses of what belongs to a deployment."""

from __future__ import annotations

from tasktracker_ops.frozen import dataclass

NAMES = ("api", "docs", "console", "dashboard", "logs", "inbox", "repo")


@dataclass(frozen=True, slots=True)
class Address:
    """The address of one of NAMES; `opened` says whether a browser shows it."""

    name: str
    url: str
    opened: bool
