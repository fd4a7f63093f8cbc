"""What the console shows: parts that are read again and again, and a drill that it runs."""

from __future__ import annotations

from typing import Any

from tasktracker_ops.errors import Problem
from tasktracker_ops.frozen import dataclass

from .drill import DrillResult


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the overview: the result of a command, as it was read at `at`.

    `problem` says why it could not be read again; `content` is then the last that could, or None.
    """

    name: str
    at: str
    content: Any
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class DrillProgress:
    """A drill on `route` that was started at `started_at`.

    `lines` are what has happened, `step` what it waits for; when it is over it has a `result`, or a
    `problem` if it could not begin.
    """

    route: str
    started_at: str
    lines: tuple[str, ...] = ()
    step: str = ""
    result: DrillResult | None = None
    problem: Problem | None = None

    @property
    def is_running(self) -> bool:
        """Return whether it was started, and is not over yet."""
        return bool(self.route) and self.result is None and self.problem is None


@dataclass(frozen=True, slots=True)
class ConsoleAddress:
    """The address of the console, which works until the command ends.

    Anyone with it can do all that the page can; `opened` says whether a browser shows it.
    """

    url: str
    opened: bool
