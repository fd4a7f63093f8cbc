"""The queries for the lines of a dashboard's widgets, and their results."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from tasktracker_ops.errors import Problem, TtOpsError
from tasktracker_ops.models.dashboard import Dashboard, Point, Query, Series, Widget, WidgetLine

from .time_window import TimeWindow, rfc3339

# A search names its period itself.
_SEARCH = re.compile(r"(SEARCH\s*\(\s*'(?:\\.|[^'\\])*'\s*,\s*'[^']*'\s*),\s*\d+\s*\)")

if TYPE_CHECKING:
    from tasktracker_ops.adapters.aws.metrics import MetricAnswer
    from tasktracker_ops.app import App


def dashboard(app: App) -> Dashboard:
    """Return the dashboard of the deployment, as it is deployed."""
    return app.dashboards.get(app.deployments.get().dashboard_name)


def readable(app: App, widgets: Sequence[Widget]) -> list[Widget]:
    """Return the widgets whose metrics can be read here; note why others cannot."""
    here = app.session.environment.region
    found = []
    for widget in widgets:
        name = f"{widget.title!r}" if widget.title else f"a widget of the type {widget.kind}"
        regions = [line.region for line in widget.lines if line.region not in (None, here)]
        if not widget.lines:
            app.report.note(f"Left out: {name}, which draws no metrics")
        elif regions:
            app.report.note(f"Left out: {name}, whose metrics are in {regions[0]}")
        else:
            found.append(widget)
    return found


def line_period(widget: Widget, line: WidgetLine, window: TimeWindow) -> int:
    """Return the period of a line's points, in seconds.

    Expressions may be about the periods that the dashboard gives (`m1 / 300`): in their widgets
    these stay, unless the window's period is explicit.
    """
    calculated = any(other.expression is not None for other in widget.lines)
    return line.period if calculated and not window.explicit else window.period


def line_queries(widget: Widget, window: TimeWindow) -> list[Query]:
    """Return the queries of all lines, also of hidden ones, which expressions may need."""
    return [_query(line, line_period(widget, line, window)) for line in widget.lines]


def _query(line: WidgetLine, period: int) -> Query:
    expression = line.expression
    if expression is not None:
        expression = _SEARCH.sub(rf"\1, {period})", expression)
    return Query(line.id, line.metric, expression, line.statistic, period, line.label, line.visible)


def fetch(app: App, window: TimeWindow, groups: Sequence[Sequence[Query]]) -> MetricAnswer:
    """Return the series of each group; note CloudWatch's messages."""
    answer = app.metric_data.get(groups, start=window.start, end=window.end)
    for message in answer.messages:
        app.report.note(f"CloudWatch: {message}")
    return answer


def problems(widgets: Sequence[Widget], answer: MetricAnswer) -> list[Problem | None]:
    """Return the problem with each widget, whose queries are the answer's first groups.

    Raises TtOpsError `widget-refused` when CloudWatch evaluates none of them.
    """
    found = [
        _problem(widget, answer.refusals[number]) if number in answer.refusals else None
        for number, widget in enumerate(widgets)
    ]
    first = next(filter(None, found), None)
    if first is not None and all(found):
        raise TtOpsError(first.code, first.message, hint=first.hint)
    return found


def _problem(widget: Widget, reason: str) -> Problem:
    for line in widget.lines:
        if line.expression is not None:
            reason = reason.replace(f"'{line.id}'", repr(line.expression))
    return Problem(
        "widget-refused",
        f"the widget {widget.title!r} cannot be evaluated: {reason}",
        hint="edit the dashboard: tt-ops dashboard --console",
    )


def visible_series(
    widget: Widget, read: Mapping[str, Sequence[Series]]
) -> Iterator[tuple[WidgetLine, Series]]:
    """Yield every visible line with its series; a search has several."""
    for line in widget.lines:
        if line.visible:
            yield from ((line, series) for series in read.get(line.id, ()))


def points(series: Series, window: TimeWindow) -> tuple[Point, ...]:
    """Return the values up to now, oldest first; an expression may have some in the future."""
    found = sorted(series.points.items())
    return tuple(Point(rfc3339(at), value) for at, value in found if at <= window.now)
