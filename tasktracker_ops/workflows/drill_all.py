"""Drill all alarms beside each other, and keep the record as their proof."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tasktracker_ops.errors import Problem, TtOpsError
from tasktracker_ops.models.deployment import Deployment
from tasktracker_ops.models.drill import DrilledAlarm, DrillRecord, DrillReport, DrillResult

from .alarm_watcher import watch_alarms
from .deploy_lock import run_url
from .drill import ERROR, SLOW, StartedDrill, require_ready

if TYPE_CHECKING:
    from tasktracker_ops.app import App

_ROUTES = (ERROR, SLOW)


def drill_all(app: App, *, timeout: float, older_than: float = 0.0) -> DrillReport:
    """Fire every alarm once, and follow all of them until they are OK again or `timeout` seconds.

    A complete drill is stored as the proof that `status` shows; with `older_than`, in seconds,
    nothing is fired while the stored one is not older. Raises TtOpsError, before anything is sent,
    for an alarm that is missing, firing or muted.
    """
    deployment = app.deployments.get()
    last = app.drill_records.read() if older_than else None
    if last is not None and _age(last.at) <= older_than:
        return DrillReport(last, ())
    alarms = require_ready(app, deployment, _ROUTES)
    started = [StartedDrill(app, alarm, timeout) for alarm in alarms]
    api = app.drills(deployment)
    for each, route in zip(started, _ROUTES, strict=True):
        each.fire(api, route)
    watch_alarms(app, [watcher for each in started for watcher in each.watchers], timeout)
    drills = tuple(each.result() for each in started)
    record = _record(app, deployment, drills)
    return DrillReport(record, drills, tuple(_store(app, record)) if record.complete else ())


def _age(at: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds()


def _store(app: App, record: DrillRecord) -> Sequence[Problem]:
    """Store the record; return the problem that kept it from that, which takes nothing from it."""
    try:
        app.drill_records.write(record)
    except TtOpsError as error:
        return (Problem.of(error),)
    return ()


def _record(app: App, deployment: Deployment, drills: Sequence[DrillResult]) -> DrillRecord:
    from tasktracker_ops.adapters.host.git import head_commit
    from tasktracker_ops.adapters.host.processes import user_at_host

    project = app.settings.project_dir
    routing = app.deployed_function(deployment).routing()
    return DrillRecord(
        at=drills[0].requests[0].at,
        who=user_at_host(),
        commit=head_commit(project) if project else None,
        release=routing.version if routing else None,
        run_url=run_url(app),
        complete=all(each.complete for each in drills),
        alarms=tuple(_drilled(app, each) for each in drills),
    )


def _drilled(app: App, drill: DrillResult) -> DrilledAlarm:
    states = {each.state: each.after_seconds for each in reversed(drill.transitions)}
    notified = next((each for each in drill.notifications if each.state == "ALARM"), None)
    return DrilledAlarm(
        alarm=drill.alarm or "",
        requested_at=drill.requests[0].at,
        fired_after_seconds=states.get("ALARM"),
        notified_after_seconds=notified.after_seconds if notified else None,
        ok_after_seconds=drill.transitions[-1].after_seconds if drill.complete else None,
        notified=tuple(map(app.redact, notified.endpoints)) if notified else (),
        problem=drill.problem.code if drill.problem else None,
    )
