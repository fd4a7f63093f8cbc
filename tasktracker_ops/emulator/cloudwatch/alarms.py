"""The alarms of the emulated account: evaluated every few seconds, notifying when they change.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tasktracker_ops.emulator import backends, changes

from . import evaluation, metrics, notification
from .evaluation import INSUFFICIENT_DATA, Datapoint, Rule
from .history import History
from .metrics import MetricId
from .mute_rules import MuteRules
from .notification import NotificationFailed

_log = logging.getLogger(__name__)
_STATE = ("state_value", "state_reason", "state_updated_timestamp", "state_transitioned_timestamp")


@dataclass(frozen=True)
class EvaluationSchedule:
    """How often alarms are evaluated, and by which clock (epoch seconds)."""

    interval_seconds: float = 5.0
    clock: Callable[[], float] = time.time


class AlarmEvaluator:
    """Evaluates the alarms of every region in a thread of its own, until closed."""

    def __init__(self, schedule: EvaluationSchedule) -> None:
        self.history = History()
        self.mute_rules = MuteRules()
        # The states before, of alarms whose actions for the present state were not run yet.
        self.to_notify: dict[tuple[str, str], str] = {}
        self._schedule = schedule
        # Evaluation and the operations on alarms take turns.
        self._turn = threading.RLock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop evaluating."""
        self._closing.set()
        self._thread.join()

    def put(self, backend: Any, name: str, store: Callable[[], Any]) -> Any:
        """Store an alarm's configuration and return moto's alarm; an existing one keeps its state.

        A new one has INSUFFICIENT_DATA until it is evaluated for the first time.
        """
        with self._turn:
            before, alarm = backend.alarms.get(name), store()
            alarm.state_reason_data = None
            if before is None:
                self.to_notify.pop((alarm.region_name, name), None)
                alarm.state_value = INSUFFICIENT_DATA
                alarm.state_updated_timestamp = alarm.state_transitioned_timestamp = self.now()
            else:
                for attribute in _STATE:
                    setattr(alarm, attribute, getattr(before, attribute))
            kind = "Create" if before is None else "Update"
            summary = f'Alarm "{name}" {kind.lower()}d'
            self.history.add(alarm, self.now(), "ConfigurationUpdate", summary, {"type": kind})
        return alarm

    def change(self, alarm: Any, state: str, reason: str) -> None:
        """Set the state of moto's alarm; if it is a new one, record it and notify."""
        with self._turn:
            now, old_state = self.now(), alarm.state_value
            old = {"stateValue": old_state, "stateReason": alarm.state_reason}
            alarm.state_value, alarm.state_reason = state, reason
            alarm.state_updated_timestamp = now
            if state == old_state:
                return
            alarm.state_transitioned_timestamp = now
            new = {"stateValue": state, "stateReason": reason}
            summary = f"Alarm updated from {old_state} to {state}"
            self.history.add(alarm, now, "StateUpdate", summary, {"oldState": old, "newState": new})
            self.to_notify[(alarm.region_name, alarm.name)] = old_state
            self._run_actions(alarm)

    def _run_actions(self, alarm: Any) -> None:
        """Run the actions of the alarm's state, once: not while it is muted, but afterwards.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-mute-rules-behaviour.html
        """
        key = (alarm.region_name, alarm.name)
        if key in self.to_notify and not self.mute_rules.mute(alarm, self.now()):
            old_state = self.to_notify.pop(key)
            for action in notification.actions(alarm):
                self._run_action(alarm, action, old_state)

    def _run(self) -> None:
        while not self._closing.wait(self._schedule.interval_seconds):
            for backend in list(backends.by_region("cloudwatch").values()):
                for alarm in list(backend.alarms.values()):
                    try:
                        with changes.access(is_change=False):
                            self._evaluate(backend, alarm)
                    except Exception:
                        _log.exception("alarm %s", alarm.name)

    def _evaluate(self, backend: Any, alarm: Any) -> None:
        with self._turn:
            if backend.alarms.get(alarm.name) is not alarm:
                return  # replaced or deleted meanwhile
            self._run_actions(alarm)
            rule = Rule(
                alarm.comparison_operator,
                float(alarm.threshold),
                int(alarm.evaluation_periods),
                int(alarm.datapoints_to_alarm or alarm.evaluation_periods),
                alarm.treat_missing_data or "missing",
            )
            datapoints = _datapoints(alarm, self._schedule.clock())
            verdict = evaluation.evaluate(rule, datapoints, alarm.state_value)
            if verdict.state != alarm.state_value:
                self.change(alarm, verdict.state, verdict.reason)

    def _run_action(self, alarm: Any, action: str, old_state: str) -> None:
        try:
            notification.notify(action, alarm, old_state)
        except NotificationFailed as failure:
            state = "Failed"
            summary = f'Failed to execute action {action}. Received error: "{failure}"'
        else:
            state, summary = "Succeeded", f"Successfully executed action {action}"
        data = {"actionState": state, "notificationResource": action}
        self.history.add(alarm, self.now(), "Action", summary, data)

    def now(self) -> datetime:
        """Return the time by which alarms are evaluated."""
        return datetime.fromtimestamp(self._schedule.clock(), UTC)


def _datapoints(alarm: Any, now: float) -> list[Datapoint]:
    """Return one datapoint more than there are evaluation periods, oldest first.

    The newest period ends now, not on a whole minute: CloudWatch, too, slides its periods.
    """
    period = int(alarm.period)
    end = math.floor(now) + 1
    start = end - (int(alarm.evaluation_periods) + 1) * period
    dimensions = tuple(sorted((each.name, each.value) for each in alarm.dimensions))
    metric = MetricId(alarm.namespace, alarm.metric_name, dimensions)
    statistic = alarm.statistic or alarm.extended_statistic
    points = metrics.of(alarm.region_name).points(metric, statistic, start, end, period)
    return [
        Datapoint(datetime.fromtimestamp(begin, UTC), points.get(begin))
        for begin in range(start, end, period)
    ]
