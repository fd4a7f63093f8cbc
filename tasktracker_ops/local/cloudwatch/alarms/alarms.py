"""The alarms of the embedded account: evaluated every few seconds, acting when they change.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from weakref import WeakSet

from moto.backends import get_backend

from tasktracker_ops.local.cloudwatch import metrics
from tasktracker_ops.local.cloudwatch.alarms import (
    actions,
    datapoints,
    evaluation,
    history,
    message,
)
from tasktracker_ops.local.cloudwatch.alarms.evaluation import (
    ALARM,
    INSUFFICIENT_DATA,
    OK,
    Datapoint,
    Rule,
    Verdict,
)
from tasktracker_ops.local.cloudwatch.alarms.history import History
from tasktracker_ops.local.cloudwatch.alarms.message import Publication
from tasktracker_ops.local.cloudwatch.metric_math.series import ExpressionError
from tasktracker_ops.local.cloudwatch.metrics import Metrics
from tasktracker_ops.local.cloudwatch.statistics import UnknownStatistic
from tasktracker_ops.local.credentials import ACCOUNT_ID

_log = logging.getLogger(__name__)
INTERVAL_SECONDS = 5.0
_ACTIONS_AT_ONCE = 4
_INITIAL_REASON = "Unchecked: Initial alarm creation"
_STATE = (
    "state_value",
    "state_reason",
    "state_reason_data",
    "state_updated_timestamp",
    "state_transitioned_timestamp",
)


@dataclass(frozen=True)
class Watch:
    """How often alarms are evaluated, and by what clock (epoch seconds)."""

    interval_seconds: float = INTERVAL_SECONDS
    clock: Callable[[], float] = time.time


class Alarms:
    """Evaluates the metric alarms of every region in a thread of its own, until closed."""

    def __init__(self, watch: Watch) -> None:
        self.history = History()
        self._watch = watch
        # Evaluation and the operations on alarms take turns.
        self.turn = threading.RLock()
        self._closing = threading.Event()
        self._failing: WeakSet[Any] = WeakSet()
        self._actions = ThreadPoolExecutor(_ACTIONS_AT_ONCE, "alarm-action")
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Evaluate no more."""
        self._closing.set()
        self._thread.join()
        self._actions.shutdown(wait=False, cancel_futures=True)

    def put(self, name: str, backend: Any, store: Callable[[], Any]) -> Any:
        """Store an alarm's configuration; one that is there keeps its state. Return the alarm."""
        with self.turn:
            before = backend.alarms.get(name)
            alarm = store()
            if before is None:
                self._begin(alarm)
                self._note(alarm, "Create")
            else:
                for part in _STATE:
                    setattr(alarm, part, getattr(before, part))
                self._note(alarm, "Update")
        return alarm

    def delete(self, names: list[str], backend: Any, remove: Callable[[], None]) -> None:
        """Remove alarms; their history stays."""
        with self.turn:
            gone = [backend.alarms[name] for name in names if name in backend.alarms]
            remove()
            for alarm in gone:
                self._note(alarm, "Delete")

    def change(self, alarm: Any, state: str, reason: str, reason_data: str | None) -> None:
        """Set the state of an alarm; if that is another than before, note it and act."""
        with self.turn:
            now = self._now()
            old_state, old = alarm.state_value, history.state(alarm)
            alarm.state_value, alarm.state_reason = state, reason
            alarm.state_reason_data, alarm.state_updated_timestamp = reason_data, now
            if state == old_state:
                return
            alarm.state_transitioned_timestamp = now
            self._add(
                alarm,
                "StateUpdate",
                f"Alarm updated from {old_state} to {state}",
                history.state_update(old, history.state(alarm)),
            )
            arns = actions.of(alarm)
            publication = message.publication(alarm, old_state)
        for arn in arns:
            self._actions.submit(self._act, alarm, arn, publication, now)

    def evaluate(self) -> None:
        """Evaluate every metric alarm once; one that cannot be evaluated is logged, once."""
        for backend in list(get_backend("cloudwatch")[ACCOUNT_ID].values()):
            for alarm in list(backend.alarms.values()):
                try:
                    self._evaluate(backend, alarm)
                except Exception:
                    # Every few seconds the same would fill the log.
                    if alarm not in self._failing:
                        _log.exception("alarm %s", alarm.name)
                    self._failing.add(alarm)

    def _run(self) -> None:
        while not self._closing.wait(self._watch.interval_seconds):
            self.evaluate()

    def _evaluate(self, backend: Any, alarm: Any) -> None:
        if alarm.comparison_operator not in evaluation.COMPARISONS:
            return
        store = metrics.of(alarm.region_name)
        with self.turn:
            if backend.alarms.get(alarm.name) is not alarm:
                return  # replaced or deleted meanwhile
            verdict = self._judge(store, alarm)
            if verdict.state != alarm.state_value:
                reason_data = datapoints.reason_data(store, alarm, verdict, self._now())
                self.change(alarm, verdict.state, verdict.reason, reason_data)

    def _judge(self, store: Metrics, alarm: Any) -> Verdict:
        rule = Rule(
            alarm.comparison_operator,
            float(alarm.threshold),
            int(alarm.evaluation_periods),
            int(alarm.datapoints_to_alarm) if alarm.datapoints_to_alarm else None,
            alarm.treat_missing_data or "missing",
        )
        now = self._watch.clock()
        if datapoints.has_too_few_samples(store, alarm, now):
            return Verdict(alarm.state_value, "", ())
        try:
            points = datapoints.of(store, alarm, now)
        except (ExpressionError, UnknownStatistic) as error:
            return Verdict(INSUFFICIENT_DATA, f"Unable to evaluate the alarm: {error}", ())
        verdict = evaluation.evaluate(rule, points, alarm.state_value)
        if (alarm.state_value, verdict.state) == (OK, ALARM) and _returned(rule, points):
            return Verdict(OK, "", ())
        return verdict

    def _act(self, alarm: Any, arn: str, publication: Publication, changed_at: datetime) -> None:
        add = partial(self._add, alarm, "Action")
        try:
            actions.execute(arn, alarm.alarm_arn, publication)
        except Exception as failure:
            if not isinstance(failure, actions.ActionFailed):
                _log.exception("action %s of alarm %s", arn, alarm.name)
            summary = f'Failed to execute action {arn}. Received error: "{failure}"'
            add(summary, history.action(changed_at, arn, None, str(failure)))
        else:
            summary = f"Successfully executed action {arn}"
            add(summary, history.action(changed_at, arn, publication.message, None))

    def _note(self, alarm: Any, kind: str) -> None:
        summary, data = history.configuration_update(kind, alarm)
        self._add(alarm, "ConfigurationUpdate", summary, data)

    def _add(self, alarm: Any, kind: str, summary: str, data: Any) -> None:
        self.history.add(alarm.region_name, alarm.name, self._now(), kind, summary, data)

    def _begin(self, alarm: Any) -> None:
        alarm.state_value, alarm.state_reason = INSUFFICIENT_DATA, _INITIAL_REASON
        alarm.state_reason_data = None
        alarm.state_updated_timestamp = alarm.state_transitioned_timestamp = self._now()

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._watch.clock(), UTC)


def _returned(rule: Rule, points: Sequence[Datapoint]) -> bool:
    """Tell whether what makes an alarm fire is old, and was judged when it was new.

    Periods slide: when traffic stops, what had left the newest one comes back in an older.
    """
    return points[-1].value is None and rule.treat_missing_data != "breaching"
