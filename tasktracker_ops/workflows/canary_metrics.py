"""Compare two releases while one of them bakes: their metrics, and the alarms.

Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tasktracker_ops.adapters.aws.functions import ALIAS
from tasktracker_ops.errors import TtOpsError, counted
from tasktracker_ops.models.alarm import Alarm
from tasktracker_ops.models.canary import ReleaseMetrics
from tasktracker_ops.models.dashboard import Metric, Query, Series
from tasktracker_ops.models.deployment import Deployment

if TYPE_CHECKING:
    from tasktracker_ops.app import App

_MINUTE = 60
_NAMESPACE = "AWS/Lambda"
_STATISTICS = {"Invocations": "Sum", "Errors": "Sum", "Throttles": "Sum", "Duration": "p95"}
# The newest minute is asked for by a clock that may be slow; signatures allow no more.
_CLOCK_SECONDS = 300
# Values of a metric by the start of their minute, in seconds since the epoch.
_Points = Mapping[float, float]


class BakeMonitor:
    """Reads what both releases do from now on, and says whether the new one is worse."""

    def __init__(self, app: App, deployment: Deployment, *, new: str, old: str) -> None:
        """Take the alarms as they are before the bake.

        Raises TtOpsError where metrics or alarms cannot be read.
        """
        self._app = app
        self._deployment = deployment
        self._versions = (new, old)
        self._start = int(time.time()) // _MINUTE * _MINUTE
        self._points: dict[str, dict[str, _Points]] = {}
        self._alarms = app.alarms.get(deployment.alarm_names)
        self._firing = {each.name for each in self._alarms if each.state == "ALARM"}
        self._fired: Alarm | None = None
        # No bake begins that could not be watched.
        self.read()

    def read(self) -> None:
        """Read metrics and alarms. Raises TtOpsError where they cannot be read."""
        self._alarms = self._app.alarms.get(self._deployment.alarm_names)
        groups = [*map(self._queries, self._versions), self._alarm_queries()]
        answer = self._app.metric_data.get(
            groups, start=self._start, end=time.time() + _CLOCK_SECONDS
        )
        for refusal in answer.refusals.values():
            raise TtOpsError(
                "metrics-refused",
                f"the metrics of the two releases cannot be read from CloudWatch: {refusal}",
                hint="let the release take all requests at once: tt-ops deploy",
            )
        for version, series in zip(self._versions, answer.groups, strict=False):
            self._points[version] = {
                name: _points(series.get(name.lower())) for name in _STATISTICS
            }
        for alarm in self._alarms:
            if alarm.state != "ALARM":
                self._firing.discard(alarm.name)
            elif alarm.name not in self._firing and _crossed(alarm, answer.groups[-1]):
                self._fired = alarm

    @property
    def metrics(self) -> tuple[ReleaseMetrics, ReleaseMetrics]:
        """Return the metrics of the new and of the old release, as they were read."""
        new, old = map(self._metrics, self._versions)
        return new, old

    @property
    def breach(self) -> str | None:
        """Return what the new release does worse, as a sentence without its subject."""
        new = self._metrics(self._versions[0])
        if new.errors:
            return f"had {counted(new.errors, 'error')} in {counted(new.requests, 'request')}"
        if new.throttles:
            return f"had {counted(new.throttles, 'request')} throttled"
        if slow := self._slow_minute():
            return slow
        if (alarm := self._fired) is not None:
            reason = alarm.reason.removesuffix(".")
            return f"made {alarm.name} fire ({reason})"
        return None

    def _slow_minute(self) -> str | None:
        """Return that the new release was slower than the alarm allows, and the old one was not."""
        threshold = next((each.threshold for each in self._alarms if _is_on_duration(each)), None)
        new, old = (self._points[version]["Duration"] for version in self._versions)
        if threshold is None:
            return None
        for minute, duration in new.items():
            other = old.get(minute)
            if duration > threshold and (other is None or other <= threshold):
                beside = "" if other is None else f", release {self._versions[1]} {other:,.0f} ms"
                return (
                    f"had a p95 duration of {duration:,.0f} ms (threshold {threshold:,.0f} ms"
                    f"{beside})"
                )
        return None

    def _metrics(self, version: str) -> ReleaseMetrics:
        points = self._points[version]
        requests, errors, throttles = (
            round(math.fsum(points[name].values()))
            for name in ("Invocations", "Errors", "Throttles")
        )
        durations = points["Duration"]
        p95 = durations[max(durations)] if durations else None
        return ReleaseMetrics(version, requests, errors, throttles, p95)

    def _queries(self, version: str) -> list[Query]:
        dimensions = (("ExecutedVersion", version), *self._alias)
        return [
            Query(metric.lower(), Metric(_NAMESPACE, metric, dimensions), None, statistic, _MINUTE)
            for metric, statistic in _STATISTICS.items()
        ]

    def _alarm_queries(self) -> list[Query]:
        """Return what the alarms on the function see, without the checks, which use no alias."""
        return [
            Query(
                _id(alarm), Metric(_NAMESPACE, alarm.metric, self._alias), None, statistic, _MINUTE
            )
            for alarm in self._alarms
            if (statistic := alarm.statistic) and _is_on_function(alarm)
        ]

    @property
    def _alias(self) -> tuple[tuple[str, str], ...]:
        name = self._deployment.function_name
        return ("FunctionName", name), ("Resource", f"{name}:{ALIAS}")


def _id(alarm: Alarm) -> str:
    return f"alarm_on_{alarm.metric.lower()}"


def _is_on_function(alarm: Alarm) -> bool:
    return alarm.namespace == _NAMESPACE and alarm.dimensions.keys() == {"FunctionName"}


def _crossed(alarm: Alarm, groups: Mapping[str, Sequence[Series]]) -> bool:
    """Return whether a request of a client may have made the alarm fire."""
    if alarm.threshold is None or not _is_on_function(alarm):
        return True
    return any(value > alarm.threshold for value in _points(groups.get(_id(alarm))).values())


def _points(series: Sequence[Series] | None) -> _Points:
    return series[0].points if series else {}


def _is_on_duration(alarm: Alarm) -> bool:
    return (alarm.namespace, alarm.metric) == (_NAMESPACE, "Duration")
