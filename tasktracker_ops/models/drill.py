"""Fire drills."""

from __future__ import annotations

from dataclasses import dataclass

from tasktracker_ops.errors import Problem


@dataclass(frozen=True, slots=True)
class DrillRequest:
    """A request to a drill's route and what came back; `status` is None without an answer."""

    at: str
    status: int | None
    latency_ms: float | None
    request_id: str | None
    expected: bool


@dataclass(frozen=True, slots=True)
class Transition:
    """An alarm went into `state`, so many seconds after the first shot."""

    state: str
    at: str
    after_seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Notification:
    """An alarm told its topic that it is in `state`; `endpoints` are the confirmed subscribers."""

    state: str
    at: str
    after_seconds: float
    topic: str
    endpoints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drill:
    """A fire drill; `complete` when all that was asked for has happened, else `problem` says why.

    Nobody waited for the alarm unless `waited`; it is None where no alarm watches the function.
    """

    requests: tuple[DrillRequest, ...]
    alarm: str | None
    transitions: tuple[Transition, ...]
    notifications: tuple[Notification, ...]
    waited: bool
    complete: bool
    problem: Problem | None
