"""A fire drill: make the service fail on purpose, and watch the alarm notify its subscribers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from tasktracker_ops.errors import Problem, TtOpsError, counted
from tasktracker_ops.models.alarm import Alarm
from tasktracker_ops.models.deployment import Deployment
from tasktracker_ops.models.drill import DrillRequest, DrillResult
from tasktracker_ops.models.times import timestamp

from .alarm_watcher import AlarmWatcher, step_line, watch_alarms
from .notifications import missing_alarms, muted

if TYPE_CHECKING:
    from tasktracker_ops.adapters.task_api.client import TaskClient
    from tasktracker_ops.app import App


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


# Gets the problem that the alarm is muted; raises to send no request.
ApproveMuted = Callable[[Problem], None]


def _refuse(mute: Problem) -> None:
    raise mute.as_error()


def drill(
    app: App,
    route: Route,
    *,
    count: int = 1,
    timeout: float | None = None,
    approve: ApproveMuted = _refuse,
) -> DrillResult:
    """Send `count` signed requests; with `timeout`, in seconds, watch the alarm until it is OK.

    Raises TtOpsError `alarm-missing`, `alarm-firing` or `alarm-muted` when there is nothing to wait
    for; without waiting, `approve` decides about a muted alarm.
    """
    deployment = app.deployments.get()
    if timeout is not None:
        (alarm,) = require_ready(app, deployment, [route])
        started = StartedDrill(app, alarm, timeout)
    else:
        started = StartedDrill(app, _alarm_if_any(app, deployment, route, approve))
    started.fire(app.drills(deployment), route, count)
    if timeout is not None:
        watch_alarms(app, started.watchers, timeout)
    return started.result()


class StartedDrill:
    """A drill under way: its requests, and with a `timeout` the watcher of its alarm."""

    def __init__(self, app: App, alarm: Alarm | None, timeout: float | None = None) -> None:
        self._app = app
        self._alarm = alarm
        self._watcher = AlarmWatcher(app, alarm, timeout) if alarm and timeout is not None else None
        self._requests: tuple[DrillRequest, ...] = ()
        self._problem: Problem | None = None

    @property
    def watchers(self) -> tuple[AlarmWatcher, ...]:
        """Return the watcher, if there is something to wait for."""
        return () if self._watcher is None or self._problem is not None else (self._watcher,)

    def fire(self, api: TaskClient, route: Route, count: int = 1) -> None:
        """Send the requests."""
        self._requests, self._problem = _send(self._app, api, route, count)
        if self._watcher is not None:
            self._watcher.start(datetime.fromisoformat(self._requests[0].at))

    def result(self) -> DrillResult:
        """Return what happened so far."""
        watcher = self._watcher
        problem = self._problem or (watcher.problem if watcher else None)
        return DrillResult(
            requests=self._requests,
            alarm=None if self._alarm is None else self._alarm.name,
            transitions=watcher.transitions if watcher else (),
            notifications=watcher.notifications if watcher else (),
            waited=watcher is not None,
            complete=problem is None,
            problem=problem,
        )


def require_ready(app: App, deployment: Deployment, routes: Sequence[Route]) -> tuple[Alarm, ...]:
    """Return the alarm of each route, which can fire and notify.

    Raises TtOpsError `alarm-missing`, `alarm-firing` or `alarm-muted`.
    """
    alarms = app.alarms.with_mute_rules(app.alarms.get(deployment.alarm_names))
    ready = []
    for route in routes:
        alarm = _alarm_on(route, alarms)
        if alarm is None:
            raise _alarm_missing(deployment, alarms, route)
        _require_not_firing(alarm)
        if mute := muted(app.target, alarm):
            _refuse(mute)
        ready.append(alarm)
    return tuple(ready)


def _alarm_if_any(
    app: App, deployment: Deployment, route: Route, approve: ApproveMuted
) -> Alarm | None:
    alarms = app.alarms.get(deployment.alarm_names)
    alarm = _alarm_on(route, alarms)
    if alarm is None:
        missing = _alarm_missing(deployment, alarms, route)
        app.report.note(f"{missing.message}: nothing will fire")
        return None
    (alarm,) = app.alarms.with_mute_rules([alarm])
    if mute := muted(app.target, alarm):
        approve(mute)
        app.report.note(mute.message)
    return alarm


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
    app.report.note(step_line(0.0, what))
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
