"""Alarms and their history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from tasktracker_ops.errors import Problem
from tasktracker_ops.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Mute:
    """A mute rule that is active; `until` is None where its end is not known, as it recurs.

    `reason` is its description; `who` (user@host) is known of the rules of `tt-ops alarms mute`.
    """

    rule: str
    until: str | None
    reason: str
    who: str | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm and what it watches; `state` is OK, ALARM or INSUFFICIENT_DATA, `since` when.

    `metric` names the metric of `namespace`, or the expression of an alarm on metric math; `period`
    is in seconds. `muted_by` are the mute rules that are active for it now, None where that is
    unknown; `muted_until` is when the last of them ends, None where that is not known.
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
    muted_by: tuple[Mute, ...] | None = None
    muted_until: str | None = None


@dataclass(frozen=True, slots=True)
class AlarmEvent:
    """An item of an alarm's history; `kind` is StateUpdate, Action or ConfigurationUpdate.

    `old_state`, `new_state` and `reason` are set for a transition, `action` (an ARN) for an action,
    and `succeeded` says whether it was executed.
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
class AlarmReport:
    """The deployment's alarms; `history`, newest first, is None unless requested and readable.

    `problems` name alarms that do not exist, and a history that could not be read.
    """

    alarms: tuple[Alarm, ...]
    history: tuple[AlarmEvent, ...] | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class MuteResult:
    """The alarms that `who` muted, `until` when, and why."""

    alarms: tuple[str, ...]
    until: str
    reason: str
    who: str


@dataclass(frozen=True, slots=True)
class UnmuteResult:
    """The alarms that are muted no more, and those that no rule of ours muted.

    `firing` are the unmuted ones in ALARM, whose actions CloudWatch runs now; `problems` name those
    that another rule mutes.
    """

    alarms: tuple[str, ...]
    not_muted: tuple[str, ...] = ()
    firing: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
