"""A fire drill: make the service fail on purpose, and watch the alarm notify its subscribers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from tasktracker_ops.errors import ConfigurationError, Problem, TtOpsError, counted
from tasktracker_ops.models.alarm import Alarm, AlarmEvent
from tasktracker_ops.models.deployment import Deployment
from tasktracker_ops.models.drill import DrillRequest, DrillResult, Notification, Transition
from tasktracker_ops.models.times import timestamp

from .notifications import (
    action_failed,
    actions_disabled,
    missing_alarms,
    muted,
    nobody_notified,
    pending_subscriptions,
    topics,
)

if TYPE_CHECKING:
    from tasktracker_ops.adapters.task_api.client import TaskClient
    from tasktracker_ops.app import App

_POLL_SECONDS = 2.0
# How long after OK itself the notification of OK may arrive.
_GRACE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Route:
    """A drill's route: the metric of AWS/Lambda that it raises, and the response to expect.

    `longer_than` is in seconds.
    """

    path: str
    metric: str
    status: int
    longer_than: float = 0.0


ERROR = Route("trigger-error", "Errors", 500)
SLOW = Route("trigger-slow", "Duration", 200, longer_than=1.0)


def drill(app: App, route: Route, *, count: int = 1, timeout: float | None = None) -> DrillResult:
    """Send `count` signed requests; with `timeout`, in seconds, watch the alarm until it is OK.

    Raises TtOpsError `alarm-missing`, `alarm-firing` or `alarm-muted` when there is nothing to wait
    for.
    """
    deployment = app.deployments.get()
    alarms = app.alarms.get(deployment.alarm_names)
    alarm = _alarm_on(route, alarms)
    if alarm is None:
        missing = _alarm_missing(deployment, alarms, route)
        if timeout is not None:
            raise missing
        app.report.note(f"{missing.message}: nothing will fire")
    watcher = None
    if alarm is not None:
        (alarm,) = app.alarms.with_mute_rules([alarm])
        mute = muted(app.target, alarm)
        if timeout is not None:
            _require_not_firing(alarm)
            if mute is not None:
                raise TtOpsError(mute.code, mute.message, hint=mute.hint)
            watcher = AlarmWatcher(app, alarm)
        elif mute is not None:
            app.report.note(mute.message)
    requests, problem = _send(app, app.drills(deployment), route, count)
    if watcher is not None and timeout is not None and problem is None:
        problem = watcher.watch(datetime.fromisoformat(requests[0].at), timeout)
    return DrillResult(
        requests=requests,
        alarm=None if alarm is None else alarm.name,
        transitions=watcher.transitions if watcher else (),
        notifications=watcher.notifications if watcher else (),
        waited=watcher is not None,
        complete=problem is None,
        problem=problem,
    )


def _alarm_on(route: Route, alarms: Sequence[Alarm]) -> Alarm | None:
    """Return the alarm on the route's metric: its name may have been changed."""
    metric = ("AWS/Lambda", route.metric)
    return next((each for each in alarms if (each.namespace, each.metric) == metric), None)


def _alarm_missing(deployment: Deployment, alarms: Sequence[Alarm], route: Route) -> TtOpsError:
    """Say that an alarm of the deployment was deleted, or that none of them is on this metric."""
    deleted = [problem.message for problem in missing_alarms(deployment.alarm_names, alarms)]
    why = ", ".join(deleted) or f"{', '.join(deployment.alarm_names)} watch other metrics"
    return TtOpsError(
        "alarm-missing",
        f"no alarm watches the function's {route.metric} ({why})",
        hint="create it again: tt-ops deploy",
    )


def _require_not_firing(alarm: Alarm) -> None:
    if alarm.state == "ALARM":
        raise TtOpsError(
            "alarm-firing",
            f"{alarm.name} is in ALARM since {alarm.since}: it cannot fire before it is OK again",
            hint="see why it fires, or leave out --wait: tt-ops status",
        )


def _send(
    app: App, api: TaskClient, route: Route, count: int
) -> tuple[tuple[DrillRequest, ...], Problem | None]:
    """Send requests one after the other, up to the first unexpected response."""
    requests: list[DrillRequest] = []
    offset = timedelta()
    for number in range(1, count + 1):
        app.report.doing(f"request {number} of {count} to /{route.path}")
        sent = datetime.now(UTC)
        try:
            response = api.probe(route.path)
        except TtOpsError as error:
            at = timestamp(sent + offset)
            requests.append(DrillRequest(at, None, None, None, expected=False))
            return tuple(requests), Problem.of(app.target.explain(error))
        if number == 1:
            offset = _clock_offset(response.headers.get("Date", ""), sent, datetime.now(UTC))
        seconds, status = response.elapsed.total_seconds(), response.status_code
        request = DrillRequest(
            at=timestamp(sent + offset),
            status=status,
            latency_ms=round(seconds * 1000, 1),
            request_id=response.headers.get("apigw-requestid"),
            expected=status == route.status and seconds > route.longer_than,
        )
        requests.append(request)
        if not request.expected:
            actual = f"{status} after {seconds:.1f} s: {response.text[:200]!r}"
            return tuple(requests), _unexpected_response(route, status, actual)
    latency = f" after {requests[0].latency_ms:,.0f} ms" if route.longer_than else ""
    what = f"{counted(count, 'request')} to /{route.path}: {route.status}{latency}"
    app.report.note(_line(0.0, what))
    return tuple(requests), None


def _unexpected_response(route: Route, status: int, actual: str) -> Problem:
    expected = f"{route.status} after over {route.longer_than:g} s" if route.longer_than else "500"
    why, hint = _REASONS.get(status, ("", "see whether the service is healthy: tt-ops status"))
    return Problem(
        "drill-response-unexpected",
        f"GET /{route.path} returned {actual}, and not {expected}{why}",
        hint=hint,
    )


_REASONS = {
    403: (
        " (these credentials lack execute-api:Invoke for it, or the clock is wrong)",
        "see whose they are: aws sts get-caller-identity",
    ),
    404: (" (this deployment has no such route)", "deploy it: tt-ops deploy"),
    429: (" (the API or the function is throttled)", "try again in a moment: tt-ops status"),
}


def _clock_offset(date: str, sent: datetime, received: datetime) -> timedelta:
    """Return how far AWS's clock is ahead of ours, as far as a header in whole seconds proves."""
    try:
        theirs = parsedate_to_datetime(date).astimezone(UTC)
    except ValueError:
        return timedelta()
    earliest, latest = theirs - received, theirs + timedelta(seconds=1) - sent
    return max(min(timedelta(), latest), earliest)


class AlarmWatcher:
    """Reads what an alarm does from now on out of its history.

    New is what the history did not hold before, so that no two clocks are compared; and since
    CloudWatch keeps the history, nothing is missed between two reads.
    """

    def __init__(self, app: App, alarm: Alarm) -> None:
        """Take `alarm` as it is before the drill."""
        self._app = app
        self._alarm = alarm
        self._first_request_at = self._history_start = datetime.fromisoformat(alarm.since)
        self._transitions: list[Transition] = []
        self._notifications: list[Notification] = []
        self._failures: list[Problem] = []
        self._last_transition_at = 0.0
        self._known = set(self._history())

    @property
    def transitions(self) -> tuple[Transition, ...]:
        """Return the alarm's transitions, oldest first."""
        return tuple(self._transitions)

    @property
    def notifications(self) -> tuple[Notification, ...]:
        """Return the notifications that reached a confirmed subscriber, oldest first."""
        return tuple(self._notifications)

    def watch(self, first_request_at: datetime, timeout: float) -> Problem | None:
        """Wait until it fired, notified somebody, and is OK again; else return what went wrong.

        `first_request_at` is by AWS's clock, `timeout` in seconds.
        """
        self._first_request_at = first_request_at
        started = time.monotonic()
        last_error = ""
        while True:
            try:
                self._read()
                last_error = ""
            except ConfigurationError as error:
                return Problem.of(error)
            except TtOpsError as error:
                explained = self._app.target.explain(error)
                if explained is not error:
                    return Problem.of(explained)
                # Once, however long it lasts.
                if error.message != last_error:
                    self._app.report.note(f"retrying: {error.message}")
                last_error = error.message
            failure = self._delivery_failure()
            if failure is not None or self._settled():
                return failure
            waited = time.monotonic() - started
            if waited >= timeout:
                return None if self._complete else self._timed_out(timeout)
            self._app.report.doing(f"{waited:4.0f} s  waiting for {self._awaited()}")
            time.sleep(min(_POLL_SECONDS, timeout - waited))

    def _history(self) -> Sequence[AlarmEvent]:
        return self._app.alarms.history(self._alarm.name, since=self._history_start)

    def _read(self) -> None:
        """Record new events: transitions first, since actions belong to them."""
        new = [event for event in reversed(self._history()) if event not in self._known]
        for event in new:
            if event.kind == "StateUpdate" and event.new_state is not None:
                self._record_transition(event.new_state, event)
        for event in new:
            if event.kind == "Action" and event.action in topics(self._alarm):
                self._record_action(event.action, event)

    def _record_transition(self, state: str, event: AlarmEvent) -> None:
        self._known.add(event)
        after = self._seconds_after(event)
        self._transitions.append(Transition(state, event.at, after, event.reason or ""))
        self._last_transition_at = time.monotonic()
        self._app.report.note(_line(after, f"{event.alarm}: {event.old_state} → {state}"))

    def _record_action(self, topic: str, event: AlarmEvent) -> None:
        states = [each.state for each in self._transitions if each.at <= event.at]
        if not states:
            return
        state, after = states[-1], self._seconds_after(event)
        subscriptions = self._app.topics.subscriptions(topic) if event.succeeded else ()
        # Only now: where the line above fails, the event is read again.
        self._known.add(event)
        endpoints = tuple(each.endpoint for each in subscriptions if each.confirmed)
        if endpoints:
            self._notifications.append(Notification(state, event.at, after, topic, endpoints))
            self._app.report.note(_line(after, f"notified {', '.join(endpoints)} of {state}"))
        elif state == "ALARM":
            pending = pending_subscriptions(self._app.target, topic, subscriptions)
            self._failures.append(pending[0] if event.succeeded else action_failed(event))

    def _seconds_after(self, event: AlarmEvent) -> float:
        passed = datetime.fromisoformat(event.at) - self._first_request_at
        return max(0.0, round(passed.total_seconds(), 3))

    @property
    def _fired(self) -> bool:
        return any(each.state == "ALARM" for each in self._transitions)

    @property
    def _notified(self) -> bool:
        return any(each.state == "ALARM" for each in self._notifications)

    @property
    def _complete(self) -> bool:
        """Return whether it fired, notified somebody, and is OK again."""
        return self._notified and self._transitions[-1].state == "OK"

    def _settled(self) -> bool:
        """Return whether it is complete, and no notification of OK is still to come."""
        notifies_ok = any(topic in self._alarm.ok_actions for topic in topics(self._alarm))
        waited = time.monotonic() - self._last_transition_at
        ok_notified = bool(self._notifications) and self._notifications[-1].state == "OK"
        return self._complete and (ok_notified or not notifies_ok or waited >= _GRACE_SECONDS)

    def _delivery_failure(self) -> Problem | None:
        """Return why nobody is notified of ALARM, as soon as it is certain."""
        if not self._fired or self._notified:
            return None
        cause = actions_disabled(self._alarm)
        if cause is None and len(self._failures) >= len(topics(self._alarm)):
            cause = self._failures[-1]
        return nobody_notified(self._alarm.name, cause) if cause else None

    def _awaited(self) -> str:
        if not self._fired:
            return f"{self._alarm.name} to fire"
        return f"{self._alarm.name} to be OK again" if self._notified else "the notification"

    def _timed_out(self, timeout: float) -> Problem:
        reached = [f"{each.state} after {each.after_seconds:.0f} s" for each in self._transitions]
        so_far = f" (so far: {', '.join(reached)})" if reached else ""
        return Problem(
            "drill-timeout",
            f"still waiting after {timeout:g} s for {self._awaited()}{so_far}",
            hint="see what it watches and what it did: tt-ops alarms --history",
        )


def _line(after: float, what: str) -> str:
    return f"{after:6.1f} s  {what}"
