"""Fire drills."""

from __future__ import annotations

from dataclasses import dataclass

from tasktracker_ops.errors import Problem


@dataclass(frozen=True, slots=True)
class DrillRequest:
    """A request to a drill's route and its response; `status` is None without one."""

    at: str
    status: int | None
    latency_ms: float | None
    request_id: str | None
    expected: bool


@dataclass(frozen=True, slots=True)
class Transition:
    """An alarm's transition into `state`, `after_seconds` after the first request."""

    state: str
    at: str
    after_seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification that an alarm is in `state`; `endpoints` are the confirmed subscribers."""

    state: str
    at: str
    after_seconds: float
    topic: str
    endpoints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DrillResult:
    """The result of a fire drill: `complete`, or `problem` says why not.

    `alarm` is None where no alarm is on the drill's metric; `transitions` and `notifications` are
    recorded only if the drill `waited` for the alarm.
    """

    requests: tuple[DrillRequest, ...]
    alarm: str | None
    transitions: tuple[Transition, ...]
    notifications: tuple[Notification, ...]
    waited: bool
    complete: bool
    problem: Problem | None
