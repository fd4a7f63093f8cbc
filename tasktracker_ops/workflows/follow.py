"""Follow an alarm through a fire drill, by what CloudWatch writes into its history."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from tasktracker_ops.errors import ConfigurationError, Problem, TtOpsError
from tasktracker_ops.models.alarm import Alarm, AlarmEvent
from tasktracker_ops.models.drill import Notification, Transition

from .recipients import action_failed, actions_disabled, pending_subscriptions, topics, undelivered

if TYPE_CHECKING:
    from tasktracker_ops.app import App

_PAUSE_SECONDS = 2.0
# How long the notification of OK may come after OK itself.
_GRACE_SECONDS = 10.0


class AlarmWatcher:
    """What an alarm does from now on.

    New is what the history did not hold before, so that no two clocks are compared; and since the
    history keeps everything, nothing is missed between two looks.
    """

    def __init__(self, app: App, alarm: Alarm) -> None:
        """`alarm` is as it is before the drill."""
        self._app = app
        self._alarm = alarm
        self._shot_at = self._rested_since = datetime.fromisoformat(alarm.since)
        self._transitions: list[Transition] = []
        self._notifications: list[Notification] = []
        self._failures: list[Problem] = []
        self._recovery_seen = 0.0
        self._known = set(self._history())

    @property
    def transitions(self) -> tuple[Transition, ...]:
        """The states that it went into, oldest first."""
        return tuple(self._transitions)

    @property
    def notifications(self) -> tuple[Notification, ...]:
        """What somebody was told, oldest first."""
        return tuple(self._notifications)

    def follow(self, shot_at: datetime, timeout: float) -> Problem | None:
        """Wait until it has fired, told somebody, and is OK again; else say what went wrong.

        `shot_at` is in the time of AWS, `timeout` in seconds.
        """
        self._shot_at = shot_at
        started = time.monotonic()
        noted = ""
        while True:
            try:
                self._look()
                noted = ""
            except ConfigurationError as error:
                return Problem.of(error)
            except TtOpsError as error:
                explained = self._app.target.explain(error)
                if explained is not error:
                    return Problem.of(explained)
                # Once, however long it lasts.
                if error.message != noted:
                    self._app.report.note(f"asking again: {error.message}")
                noted = error.message
            silence = self._delivery_failure()
            if silence is not None or self._settled():
                return silence
            waited = time.monotonic() - started
            if waited >= timeout:
                return None if self._proven else self._unfinished(timeout)
            self._app.report.doing(f"{waited:4.0f} s  waiting for {self._awaited()}")
            time.sleep(min(_PAUSE_SECONDS, timeout - waited))

    def _history(self) -> Sequence[AlarmEvent]:
        return self._app.alarms.history(self._alarm.name, since=self._rested_since)

    def _look(self) -> None:
        """Take note of what is new: transitions first, since actions belong to them."""
        new = [event for event in reversed(self._history()) if event not in self._known]
        for event in new:
            if event.kind == "StateUpdate" and event.new_state is not None:
                self._known.add(event)
                self._went_into(event.new_state, event)
        for event in new:
            if event.kind == "Action" and event.action in topics(self._alarm):
                self._acted(event.action, event)

    def _went_into(self, state: str, event: AlarmEvent) -> None:
        after = self._after(event)
        self._transitions.append(Transition(state, event.at, after, event.reason or ""))
        self._recovery_seen = time.monotonic()
        self._app.report.note(step(after, f"{event.alarm}: {event.old_state} → {state}"))

    def _acted(self, topic: str, event: AlarmEvent) -> None:
        states = [each.state for each in self._transitions if each.at <= event.at]
        if not states:
            return
        state, after = states[-1], self._after(event)
        subscriptions = self._app.topics.subscriptions(topic) if event.succeeded else ()
        # From here on it is done with: what may fail, and be tried again, is over.
        self._known.add(event)
        if not event.succeeded:
            self._failed(state, action_failed(event))
            return
        endpoints = tuple(each.endpoint for each in subscriptions if each.confirmed)
        if not endpoints:
            self._failed(state, pending_subscriptions(self._app.target, topic, subscriptions)[0])
            return
        self._notifications.append(Notification(state, event.at, after, topic, endpoints))
        self._app.report.note(step(after, f"told {', '.join(endpoints)} of {state}"))

    def _failed(self, state: str, problem: Problem) -> None:
        if state == "ALARM":
            self._failures.append(problem)

    def _after(self, event: AlarmEvent) -> float:
        passed = datetime.fromisoformat(event.at) - self._shot_at
        return max(0.0, round(passed.total_seconds(), 3))

    @property
    def _fired(self) -> bool:
        return any(each.state == "ALARM" for each in self._transitions)

    @property
    def _told(self) -> bool:
        return any(each.state == "ALARM" for each in self._notifications)

    @property
    def _proven(self) -> bool:
        """Whether all of it has happened: it fired, told somebody, and is OK again."""
        return self._told and self._transitions[-1].state == "OK"

    def _settled(self) -> bool:
        """Whether it is proven, and no notification of OK is on its way any more."""
        tells_ok = any(topic in self._alarm.ok_actions for topic in topics(self._alarm))
        waited = time.monotonic() - self._recovery_seen
        ok_told = bool(self._notifications) and self._notifications[-1].state == "OK"
        return self._proven and (ok_told or not tells_ok or waited >= _GRACE_SECONDS)

    def _delivery_failure(self) -> Problem | None:
        """Say why nobody is told of ALARM, as soon as nothing can change it any more."""
        if not self._fired or self._told:
            return None
        cause = actions_disabled(self._alarm)
        if cause is None and len(self._failures) >= len(topics(self._alarm)):
            cause = self._failures[-1]
        return undelivered(self._alarm.name, cause) if cause else None

    def _awaited(self) -> str:
        if not self._fired:
            return f"{self._alarm.name} to fire"
        return f"{self._alarm.name} to be OK again" if self._told else "the notification"

    def _unfinished(self, timeout: float) -> Problem:
        reached = [f"{each.state} after {each.after_seconds:.0f} s" for each in self._transitions]
        so_far = f" (so far: {', '.join(reached)})" if reached else ""
        return Problem(
            "drill-timeout",
            f"still waiting after {timeout:g} s for {self._awaited()}{so_far}",
            hint="see what it watches and what it did: tt-ops alarms --history",
        )


def step(after: float, what: str) -> str:
    """A line for something that happened so many seconds after the first shot."""
    return f"{after:6.1f} s  {what}"
