"""Fire drills."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasktracker_ops.errors import Problem
from tasktracker_ops.frozen import dataclass


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


@dataclass(frozen=True, slots=True)
class DrilledAlarm:
    """How an alarm did in a drill: the seconds from the request to each step, None if not reached.

    `notified` are the confirmed subscribers that were notified of ALARM, redacted; `problem` is the
    code of what went wrong.
    """

    alarm: str
    requested_at: str
    fired_after_seconds: float | None
    notified_after_seconds: float | None
    ok_after_seconds: float | None
    notified: tuple[str, ...]
    problem: str | None


@dataclass(frozen=True, slots=True)
class DrillRecord:
    """The record of a drill of all alarms: when, by whom, on what, and how each alarm did.

    `commit` is that of the project, None outside of a clone; `release` is the live one. `complete`
    says that every alarm fired, notified somebody and was OK again, which proves them.
    """

    at: str
    who: str
    commit: str | None
    release: str | None
    run_url: str | None
    complete: bool
    alarms: tuple[DrilledAlarm, ...]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DrillRecord:
        """Return the record that an object describes. Raises KeyError, TypeError or ValueError."""
        alarms = (DrilledAlarm(**{**a, "notified": tuple(a["notified"])}) for a in data["alarms"])
        return cls(**{**data, "alarms": tuple(alarms)})


@dataclass(frozen=True, slots=True)
class DrillReport:
    """A drill of all alarms, with its record.

    Without `drills` nothing was fired, since the record, an earlier one, is recent enough.
    `problems` say what kept the record from being stored.
    """

    record: DrillRecord
    drills: tuple[DrillResult, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def complete(self) -> bool:
        """Return whether every alarm is proven."""
        return self.record.complete
