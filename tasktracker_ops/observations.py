"""What can be seen of a running deployment: frozen values, as `models` has them for its making.

Times are RFC 3339 in UTC with seconds or finer; durations say their unit in the name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .errors import Problem

_OF_LAMBDA = re.compile(r"(?:START|END|REPORT) RequestId: |INIT_(?:START|REPORT) ")


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
class Alarm:
    """An alarm and what it watches; `state` is OK, ALARM or INSUFFICIENT_DATA, in it `since`.

    `metric` names the metric of `namespace`, or the expression of an alarm on metric math; `period`
    is in seconds.
    """

    name: str
    state: str
    since: str
    reason: str
    description: str
    namespace: str | None
    metric: str
    statistic: str
    comparison: str
    threshold: float | None
    period: int | None
    evaluation_periods: int
    datapoints_to_alarm: int
    missing_data: str
    actions_enabled: bool
    alarm_actions: tuple[str, ...]
    ok_actions: tuple[str, ...]
    insufficient_data_actions: tuple[str, ...]
    dimensions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AlarmEvent:
    """An item of an alarm's history; `kind` is StateUpdate, Action or ConfigurationUpdate.

    `old_state`, `new_state` and `reason` are set for a transition, `action` (an ARN) for an action,
    whose `succeeded` says whether it was carried out.
    """

    alarm: str
    at: str
    kind: str
    summary: str
    old_state: str | None = None
    new_state: str | None = None
    reason: str | None = None
    action: str | None = None
    succeeded: bool | None = None


@dataclass(frozen=True, slots=True)
class Alarms:
    """The deployment's alarms; `history`, newest first, is None unless asked for and read.

    `problems` tell of alarms that are gone, and of a history that could not be read.
    """

    alarms: tuple[Alarm, ...]
    history: tuple[AlarmEvent, ...] | None = None
    problems: tuple[Problem, ...] = ()


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
    """Whether the service is well; `problems` are the sentences that say why not.

    `well` is False when nobody can use the service, when it fails and nobody is told, when an alarm
    is gone, or when that could not be seen. `function`, `alarms` and `subscriptions` are None when
    they could not be read, `function` also when it is gone (`function-missing`); `alarm_names` are
    those that the deployment made.
    """

    well: bool
    api: ApiHealth
    function: FunctionState | None
    alarms: tuple[Alarm, ...] | None
    subscriptions: tuple[Subscription, ...] | None
    lock: Lock
    problems: tuple[Problem, ...]
    alarm_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LogEvent:
    """An event of a log group; `fields` is the message's JSON object, when it is one."""

    at: str
    stream: str
    message: str
    fields: Mapping[str, Any] | None = field(default=None)

    @property
    def of_lambda(self) -> bool:
        """Whether Lambda wrote it about an invocation, and not the function."""
        return _OF_LAMBDA.match(self.message) is not None


@dataclass(frozen=True, slots=True)
class LogMessage:
    """The message of a log event, as it was written."""

    message: str


@dataclass(frozen=True, slots=True)
class Shot:
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

    requests: tuple[Shot, ...]
    alarm: str | None
    transitions: tuple[Transition, ...]
    notifications: tuple[Notification, ...]
    waited: bool
    complete: bool
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class Mail:
    """A message in the embedded AWS's inbox; `confirm_url` is there while it can be confirmed."""

    id: int
    sent_at: str
    sender: str
    to: str
    subject: str
    text: str
    confirm_url: str | None


@dataclass(frozen=True, slots=True)
class Inbox:
    """The messages that are kept, the newest first."""

    mails: tuple[Mail, ...]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A subscription that was pending; `topic` is an ARN."""

    endpoint: str
    topic: str


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The subscriptions that were confirmed."""

    confirmed: tuple[Confirmation, ...]
