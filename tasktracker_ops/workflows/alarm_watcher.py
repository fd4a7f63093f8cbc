"""Watch what an alarm does after a drill: whether it fires, notifies somebody, and is OK again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from tasktracker_ops.errors import ConfigurationError, Problem, TtOpsError
from tasktracker_ops.models.alarm import Alarm, AlarmEvent
from tasktracker_ops.models.drill import Notification, Transition

from .notifications import (
    action_failed,
    actions_disabled,
    nobody_notified,
    pending_subscriptions,
    topics,
)

if TYPE_CHECKING:
    from tasktracker_ops.app import App

_POLL_SECONDS = 2.0
# How long after OK itself the notification of OK may arrive.
_GRACE_SECONDS = 10.0


class AlarmWatcher:
    """Reads what an alarm does from now on out of its history.

    New is what the history did not hold before, so that no two clocks are compared; and since
    CloudWatch keeps the history, nothing is missed between two reads.
    """

    def __init__(self, app: App, alarm: Alarm, timeout: float) -> None:
        """Take `alarm` as it is before the drill, to be watched for `timeout` seconds."""
        self.problem: Problem | None = None
        self._app = app
        self._timeout = timeout
        self._alarm = alarm
        self._first_request_at = self._history_start = datetime.fromisoformat(alarm.since)
        self._transitions: list[Transition] = []
        self._notifications: list[Notification] = []
        self._failures: list[Problem] = []
        self._last_transition_at = 0.0
        self._last_error = ""
        self._known = set(self._history())

    @property
    def transitions(self) -> tuple[Transition, ...]:
        """Return the alarm's transitions, oldest first."""
        return tuple(self._transitions)

    @property
    def notifications(self) -> tuple[Notification, ...]:
        """Return the notifications that reached a confirmed subscriber, oldest first."""
        return tuple(self._notifications)

    def start(self, first_request_at: datetime) -> None:
        """Begin to watch, once the first request was sent; the time is by AWS's clock."""
        self._first_request_at = first_request_at

    def check(self, *, last: bool) -> bool:
        """Read what happened since; return whether the watch is over, and `problem` is set if any.

        With `last`, the time for it is up.
        """
        try:
            self._read()
            self._last_error = ""
        except ConfigurationError as error:
            return self._end(Problem.of(error))
        except TtOpsError as error:
            explained = self._app.target.explain(error)
            if explained is not error:
                return self._end(Problem.of(explained))
            # Once, however long it lasts.
            if error.message != self._last_error:
                self._app.report.note(f"retrying: {error.message}")
            self._last_error = error.message
        failure = self._delivery_failure()
        if failure is not None or self._settled():
            return self._end(failure)
        return last and self._end(None if self._complete else self._timed_out())

    def _end(self, problem: Problem | None) -> bool:
        self.problem = problem
        return True

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
        self._app.report.note(step_line(after, f"{event.alarm}: {event.old_state} → {state}"))

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
            self._app.report.note(
                step_line(after, f"{event.alarm}: notified {', '.join(endpoints)} of {state}")
            )
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

    @property
    def awaited(self) -> str:
        """Return what it waits for."""
        if not self._fired:
            return f"{self._alarm.name} to fire"
        return f"{self._alarm.name} to be OK again" if self._notified else "the notification"

    def _timed_out(self) -> Problem:
        reached = [f"{each.state} after {each.after_seconds:.0f} s" for each in self._transitions]
        so_far = f" (so far: {', '.join(reached)})" if reached else ""
        return Problem(
            "drill-timeout",
            f"still waiting after {self._timeout:g} s for {self.awaited}{so_far}",
            hint="see what it watches and what it did: tt-ops alarms --history",
        )


def watch_alarms(app: App, watchers: Sequence[AlarmWatcher], timeout: float) -> None:
    """Follow alarms beside each other until each one's watch is over, or `timeout` seconds."""
    started = time.monotonic()
    while watchers:
        waited = time.monotonic() - started
        last = waited >= timeout
        watchers = [each for each in watchers if not each.check(last=last)]
        if not watchers:
            return
        lines = [f"{waited:4.0f} s  waiting for {each.awaited}" for each in watchers]
        if len(lines) > 1:
            app.report.doing_each(lines)
        else:
            app.report.doing(lines[0])
        time.sleep(max(0.0, min(_POLL_SECONDS, timeout - waited)))


def step_line(after: float, what: str) -> str:
    """Return a step of a drill with its time after the first request, in seconds."""
    return f"{after:6.1f} s  {what}"
