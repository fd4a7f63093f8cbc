"""A service at one moment, as `watch` shows it."""

from __future__ import annotations

from tasktracker_ops.errors import Problem
from tasktracker_ops.frozen import dataclass

from .dashboard import MetricReport
from .emulator import Inbox
from .log import LogEvent
from .status import Status


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The parts of a service as they were last read; a part is None before that.

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
