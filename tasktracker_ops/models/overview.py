"""What `watch` and the console show: parts that are read again and again, and a drill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tasktracker_ops.errors import Problem

if TYPE_CHECKING:
    from .dashboard import MetricReport
    from .drill import DrillResult
    from .emulator import Inbox
    from .log import LogEvent
    from .status import Status


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
class Snapshot:
    """The parts of a service as `watch` shows them; a part is None before it was read.

    `status_at` is when the status was read. `events` are the newest of the log, the oldest first;
    with `errors_only` those that report a failure. `inbox` stays None where mail leaves the target.
    `problems` say why a part could not be read.
    """

    target: str
    environment: str
    status: Status | None
    status_at: str | None
    metrics: MetricReport | None
    events: tuple[LogEvent, ...]
    errors_only: bool
    inbox: Inbox | None
    problems: tuple[Problem, ...]
