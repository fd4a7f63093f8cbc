"""A fire drill: make the service fail on purpose, and see whether somebody hears of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from tasktracker_ops.errors import Problem, TtOpsError, counted
from tasktracker_ops.models.alarm import Alarm
from tasktracker_ops.models.deployment import Deployment
from tasktracker_ops.models.drill import Drill, DrillRequest
from tasktracker_ops.models.status import timestamp

from .follow import AlarmWatcher, step
from .recipients import missing_alarms

if TYPE_CHECKING:
    from tasktracker_ops.adapters.task_api.client import TaskClient
    from tasktracker_ops.app import App


@dataclass(frozen=True, slots=True)
class Route:
    """A drill's route: the metric of AWS/Lambda that it drives, and how it has to answer.

    `longer_than` is in seconds.
    """

    path: str
    metric: str
    status: int
    longer_than: float = 0.0


ERROR = Route("trigger-error", "Errors", 500)
SLOW = Route("trigger-slow", "Duration", 200, longer_than=1.0)


def drill(app: App, route: Route, *, count: int = 1, timeout: float | None = None) -> Drill:
    """Send `count` signed requests; with `timeout`, in seconds, follow the alarm until it is over.

    Raises TtOpsError when there is nothing to follow: `alarm-missing`, `alarm-firing`.
    """
    deployment = app.deployments.get()
    alarms = app.alarms.get(deployment.alarm_names)
    alarm = _watching(alarms, route)
    if alarm is None:
        unwatched = _unwatched(deployment, alarms, route)
        if timeout is not None:
            raise unwatched
        app.report.note(f"{unwatched.message}: nothing will fire")
    course = None
    if alarm is not None and timeout is not None:
        course = AlarmWatcher(app, _require_not_firing(alarm))
    shots, problem = _fire(app, app.drills(deployment), route, count)
    if course is not None and timeout is not None and problem is None:
        problem = course.follow(datetime.fromisoformat(shots[0].at), timeout)
    return Drill(
        requests=shots,
        alarm=None if alarm is None else alarm.name,
        transitions=course.transitions if course else (),
        notifications=course.notifications if course else (),
        waited=course is not None,
        complete=problem is None,
        problem=problem,
    )


def _watching(alarms: Sequence[Alarm], route: Route) -> Alarm | None:
    """The alarm on the route's metric: its name may have been changed."""
    watched = ("AWS/Lambda", route.metric)
    return next((each for each in alarms if (each.namespace, each.metric) == watched), None)


def _unwatched(deployment: Deployment, alarms: Sequence[Alarm], route: Route) -> TtOpsError:
    """Say that an alarm of the deployment no longer exists, or that none of them watches this."""
    gone = [problem.message for problem in missing_alarms(deployment.alarm_names, alarms)]
    why = ", ".join(gone) or f"the alarms {', '.join(deployment.alarm_names)} watch other things"
    return TtOpsError(
        "alarm-missing",
        f"no alarm watches the function's {route.metric} ({why})",
        hint="put it back: tt-ops deploy",
    )


def _require_not_firing(alarm: Alarm) -> Alarm:
    if alarm.state != "ALARM":
        return alarm
    raise TtOpsError(
        "alarm-firing",
        f"{alarm.name} is in ALARM since {alarm.since}: it cannot fire before it is OK again",
        hint="look after that first, or leave out --wait: tt-ops status",
    )


def _fire(
    app: App, api: TaskClient, route: Route, count: int
) -> tuple[tuple[DrillRequest, ...], Problem | None]:
    """Send requests one after the other, up to the first with another answer than expected."""
    shots: list[DrillRequest] = []
    offset = timedelta()
    for number in range(1, count + 1):
        app.report.doing(f"request {number} of {count} to /{route.path}")
        sent = datetime.now(UTC)
        try:
            answer = api.probe(route.path)
        except TtOpsError as error:
            shots.append(DrillRequest(timestamp(sent + offset), None, None, None, expected=False))
            return tuple(shots), Problem.of(app.target.explain(error))
        if number == 1:
            offset = _offset(answer.headers.get("Date", ""), sent, datetime.now(UTC))
        seconds, status = answer.elapsed.total_seconds(), answer.status_code
        expected = status == route.status and seconds > route.longer_than
        request_id = answer.headers.get("apigw-requestid")
        shots.append(
            DrillRequest(
                timestamp(sent + offset), status, round(seconds * 1000, 1), request_id, expected
            )
        )
        if not expected:
            got = f"{status} after {seconds:.1f} s: {answer.text[:200]!r}"
            return tuple(shots), _unexpected(route, status, got)
    how = f" after {shots[0].latency_ms:,.0f} ms" if route.longer_than else ""
    app.report.note(step(0.0, f"{counted(count, 'request')} to /{route.path}: {route.status}{how}"))
    return tuple(shots), None


def _unexpected(route: Route, status: int, got: str) -> Problem:
    wanted = f"{route.status} after over {route.longer_than:g} s" if route.longer_than else "500"
    why, hint = _MEANINGS.get(status, ("", "see whether the service is well: tt-ops status"))
    return Problem(
        "drill-answer-unexpected",
        f"GET /{route.path} gave {got}, and not {wanted}{why}",
        hint=hint,
    )


_MEANINGS = {
    403: (
        " (these credentials may not call it, they lack execute-api:Invoke, or the clock is wrong)",
        "see whose they are: aws sts get-caller-identity",
    ),
    404: (" (this deployment has no such route)", "deploy it: tt-ops deploy"),
    429: (" (the API or the function is throttled)", "try again in a moment: tt-ops status"),
}


def _offset(date: str, sent: datetime, received: datetime) -> timedelta:
    """How far AWS's clock is ahead of ours, as far as a header in whole seconds proves it."""
    try:
        said = parsedate_to_datetime(date).astimezone(UTC)
    except ValueError:
        return timedelta()
    earliest, latest = said - received, said + timedelta(seconds=1) - sent
    return max(min(timedelta(), latest), earliest)
