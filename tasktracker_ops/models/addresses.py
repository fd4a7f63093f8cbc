"""The addresses of what belongs to a deployment."""

from __future__ import annotations

from dataclasses import dataclass

NAMES = ("api", "docs", "console", "dashboard", "logs", "inbox", "repo")


@dataclass(frozen=True, slots=True)
class Address:
    """The address of one of NAMES; `opened` says whether a browser shows it."""

    name: str
    url: str
    opened: bool


@dataclass(frozen=True, slots=True)
class ConsoleAddress:
    """The address of the console, which works until the command ends.

    Anyone with it can do all that the page can; `opened` says whether a browser shows it.
    """

    url: str
    opened: bool
