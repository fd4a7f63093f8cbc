"""The state of a running deployment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from tasktracker_ops.errors import Problem

from .alarm import Alarm


def timestamp(at: datetime) -> str:
    """A time as all results write it: RFC 3339 in UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class ApiHealth:
    """What the API's health route answered; `status` is None without an answer."""

    url: str
    auth: str
    public: bool
    healthy: bool
    status: int | None
    latency_ms: float | None


@dataclass(frozen=True, slots=True)
class FunctionState:
    """The function behind the alias; `state` is Lambda's own: Active, Pending, Inactive, Failed."""

    name: str
    alias: str
    version: str
    runtime: str
    state: str
    changed_at: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who is told by the alarms' topic; `arn` is None while it is pending."""

    protocol: str
    endpoint: str
    confirmed: bool
    arn: str | None


@dataclass(frozen=True, slots=True)
class Lock:
    """The Terraform state's lock; `held` is None when it may not be read from here.

    The other fields are as its holder wrote them, and None where it is free or unknown.
    """

    held: bool | None
    id: str | None = None
    who: str | None = None
    operation: str | None = None
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """Whether the service is healthy; `problems` are the sentences that say why not.

    `healthy` is False when the service cannot be used, when it fails and nobody is notified, when
    an alarm is gone, or when that could not be read. `function`, `alarms` and `subscriptions` are
    None when they could not be read, `function` also when it is gone (`function-missing`);
    `alarm_names` are those that the deployment made.
    """

    healthy: bool
    api: ApiHealth
    function: FunctionState | None
    alarms: tuple[Alarm, ...] | None
    subscriptions: tuple[Subscription, ...] | None
    lock: Lock
    problems: tuple[Problem, ...]
    alarm_names: tuple[str, ...]
