"""Mute alarms for a time, so that they notify nobody, and unmute them before it is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tasktracker_ops.adapters.aws.mute_rules import rule_of
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.alarm import MuteResult, UnmuteResult
from tasktracker_ops.models.times import timestamp

from .alarms import select_alarms
from .notifications import missing_alarms, muted

if TYPE_CHECKING:
    from tasktracker_ops.app import App
    from tasktracker_ops.models.alarm import Alarm


def mute(app: App, wanted: Sequence[str], *, seconds: float, reason: str) -> MuteResult:
    """Mute alarms from now on; one that is muted already gets the new end and reason.

    `wanted` are names or unique parts of names, all alarms where there are none. Raises TtOpsError
    `alarm-missing`, or `alarm-not-muted` where CloudWatch does not count the rule as active.
    """
    from tasktracker_ops.adapters.host.processes import user_at_host

    names = app.deployments.get().alarm_names
    alarms = _selected(app, names, wanted)
    who, until = user_at_host(), datetime.now(UTC) + timedelta(seconds=seconds)
    for alarm in alarms:
        app.mute_rules.put(alarm.name, until=until, reason=reason, who=who)
    _delete_expired(app, names)
    for alarm in app.alarms.with_mute_rules(alarms):
        if not any(each.rule == rule_of(alarm.name) for each in alarm.muted_by or ()):
            raise TtOpsError(
                "alarm-not-muted",
                f"the mute rule {rule_of(alarm.name)!r} is stored, and not active: the clock of "
                "this machine may be wrong",
                hint="compare it with that of AWS: tt-ops doctor",
            )
    return MuteResult(tuple(each.name for each in alarms), timestamp(until), reason, who)


def unmute(app: App, wanted: Sequence[str]) -> UnmuteResult:
    """Delete our mute rules of alarms; `wanted` as in `mute`. Rules of others are left alone."""
    names = app.deployments.get().alarm_names
    alarms = app.alarms.with_mute_rules(_selected(app, names, wanted))
    ours = [
        alarm
        for alarm in alarms
        if any(each.rule == rule_of(alarm.name) for each in alarm.muted_by or ())
    ]
    for alarm in ours:
        app.mute_rules.delete(rule_of(alarm.name))
    _delete_expired(app, names)
    left = app.alarms.with_mute_rules(alarms)
    still = {each.name: problem for each in left if (problem := muted(app.target, each))}
    return UnmuteResult(
        alarms=tuple(each.name for each in ours if each.name not in still),
        not_muted=tuple(each.name for each in alarms if each not in ours and not each.muted_by),
        firing=tuple(e.name for e in ours if e.state == "ALARM" and e.name not in still),
        problems=tuple(still.values()),
    )


def _selected(app: App, names: Sequence[str], wanted: Sequence[str]) -> tuple[Alarm, ...]:
    selected = select_alarms(names, wanted)
    alarms = app.alarms.get(selected)
    if missing := missing_alarms(selected, alarms):
        raise missing[0].as_error()
    return alarms


def _delete_expired(app: App, names: Sequence[str]) -> None:
    """Delete our rules that are over, which CloudWatch keeps."""
    for name in set(map(rule_of, names)).intersection(app.mute_rules.names("EXPIRED")):
        app.mute_rules.delete(name)
