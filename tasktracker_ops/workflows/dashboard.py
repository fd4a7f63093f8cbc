"""Draw the deployed dashboard: as a page of our own, or as CloudWatch's images."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tasktracker_ops.adapters.aws.metric_units import unit
from tasktracker_ops.adapters.host.browser import open_page
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.alarm import Alarm, AlarmEvent
from tasktracker_ops.models.dashboard import (
    AlarmTimeline,
    DashboardPage,
    DashboardResult,
    Metric,
    Panel,
    Series,
    Trace,
    Widget,
)
from tasktracker_ops.models.times import TimeWindow, epoch_timestamp

from .dashboard_data import (
    fetch,
    line_period,
    line_queries,
    points,
    problems,
    readable,
    visible_series,
)

if TYPE_CHECKING:
    from tasktracker_ops.app import App

# Views that show a number instead of a curve.
_NUMBERS = {"singleValue", "gauge", "table", "bar", "pie"}


def draw(
    app: App,
    window: TimeWindow,
    render: Callable[[DashboardPage], str],
    *,
    file: Path | None,
    show: bool,
) -> DashboardResult:
    """Write the page that `render` makes of the dashboard; with `show`, open it in a browser.

    Without `file` it goes into a temporary file, which is kept for the browser.
    """
    page = dashboard_page(app, window)
    app.report.doing("drawing the page")
    target = file or Path(tempfile.mkdtemp(prefix="tt-ops-")) / "dashboard.html"
    _write(target, render(page).encode())
    url = target.resolve().as_uri()
    opened = show and open_page(url, app.settings.environ)
    return DashboardResult((str(target),), url, len(page.panels), opened)


def dashboard_page(app: App, window: TimeWindow) -> DashboardPage:
    """Return the deployed dashboard with its data, and the alarms on it."""
    app.report.doing("reading the dashboard")
    deployment = app.deployments.get()
    deployed = app.dashboards.get(deployment.dashboard_name)
    app.report.doing("reading its alarms")
    alarms = [_timeline(app, each, window) for each in app.alarms.get(deployment.alarm_names)]
    drawable = readable(app, [widget for widget in deployed.widgets if widget.lines])
    widgets = [w if w in drawable else replace(w, lines=()) for w in deployed.widgets]
    app.report.doing("reading its metrics")
    answer = fetch(app, window, [line_queries(w, _window_of(w, window)) for w in widgets])
    watching = [timeline.alarm for timeline in alarms]
    return DashboardPage(
        title=deployed.name,
        target=app.target.label,
        region=deployment.region,
        account=deployment.topic_arn.split(":")[4],
        since=epoch_timestamp(window.start),
        until=epoch_timestamp(window.now),
        alarms=tuple(alarms),
        panels=tuple(
            Panel(
                widget,
                tuple(_traces(widget, series, _window_of(widget, window), watching)),
                problem,
            )
            for widget, series, problem in zip(
                widgets, answer.groups, problems(widgets, answer), strict=True
            )
        ),
    )


def images(app: App, window: TimeWindow, *, file: Path) -> DashboardResult:
    """Write a PNG for each metric widget, drawn by CloudWatch: FILE, or FILE-1, FILE-2 ….

    Raises TtOpsError `widget-image-unavailable` on a target that cannot draw.
    """
    deployed = app.dashboards.get(app.deployments.get().dashboard_name)
    period = window.period if window.explicit else None
    widgets = readable(app, [widget for widget in deployed.widgets if widget.kind == "metric"])
    files = []
    start, end = epoch_timestamp(window.start), epoch_timestamp(window.now)
    for number, widget in enumerate(widgets, 1):
        app.report.doing(f"drawing {widget.title!r}")
        image = app.dashboards.image(widget, start=start, end=end, period=period)
        name = f"{file.stem}-{number}{file.suffix}" if len(widgets) > 1 else file.name
        files.append(file.with_name(name))
        _write(files[-1], image)
    return DashboardResult(tuple(map(str, files)), None, len(files), opened=False)


def console(app: App) -> DashboardResult:
    """Open the target's own page about the deployment."""
    url = app.target.console_url(app.deployments.get())
    return DashboardResult((), url, 0, open_page(url, app.settings.environ))


def _write(file: Path, content: bytes) -> None:
    """Write all of it or nothing; an OSError names `file`."""
    target = file.resolve()
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        if file.exists() and not file.is_file():
            # A pipe or a device is written to, not replaced.
            file.write_bytes(content)
            return
        partial.write_bytes(content)
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(file)) from error


def _window_of(widget: Widget, window: TimeWindow) -> TimeWindow:
    """Return the window, as a single period for a widget that shows one number for all of it."""
    if widget.whole and widget.view in _NUMBERS:
        return replace(window, period=window.length, explicit=True)
    return window


def _traces(
    widget: Widget,
    group: Mapping[str, Sequence[Series]],
    window: TimeWindow,
    alarms: Sequence[Alarm],
) -> Iterator[Trace]:
    for line, series in visible_series(widget, group):
        metric = line.metric
        yield Trace(
            label=metric.name if metric and not line.label else series.label,
            points=points(series, window),
            period=line_period(widget, line, window),
            unit=unit(metric) if metric else None,
            color=line.color,
            right=line.right,
            alarms=tuple(a.name for a in alarms if metric and _watches(a, metric)),
        )


def _watches(alarm: Alarm, metric: Metric) -> bool:
    return (alarm.namespace, alarm.metric, alarm.dimensions) == (
        metric.namespace,
        metric.name,
        dict(metric.dimensions),
    )


def _timeline(app: App, alarm: Alarm, window: TimeWindow) -> AlarmTimeline:
    """Return the alarm with its times in ALARM; note why they cannot be read."""
    try:
        history = app.alarms.history(alarm.name, since=datetime.fromtimestamp(window.start, UTC))
    except TtOpsError as error:
        app.report.note(f"The times in which {alarm.name!r} fired are not drawn: {error.message}")
        return AlarmTimeline(alarm, ())
    return AlarmTimeline(alarm, tuple(firing_periods(alarm, history, window)))


def firing_periods(
    alarm: Alarm, history: Sequence[AlarmEvent], window: TimeWindow
) -> Iterator[tuple[str, str | None]]:
    """Yield start and end of the alarm's times in ALARM, by its history (newest first)."""
    changes = [event for event in reversed(history) if event.kind == "StateUpdate"]
    before = changes[0].old_state if changes else alarm.state
    since = epoch_timestamp(window.start) if before == "ALARM" else None
    for change in changes:
        if change.new_state == "ALARM":
            since = since or change.at
        elif since is not None:
            yield since, change.at
            since = None
    if since is not None:
        yield since, None
