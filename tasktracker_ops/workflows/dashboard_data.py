"""The queries of a dashboard's widgets, and their data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from tasktracker_ops.errors import Problem
from tasktracker_ops.models.dashboard import Point, Query, Series, Widget, WidgetLine
from tasktracker_ops.models.times import TimeWindow, epoch_timestamp

# A SEARCH expression has its own period.
_SEARCH = re.compile(r"(SEARCH\s*\(\s*'(?:\\.|[^'\\])*'\s*,\s*'[^']*'\s*),\s*\d+\s*\)")

if TYPE_CHECKING:
    from tasktracker_ops.adapters.aws.metrics import MetricAnswer
    from tasktracker_ops.app import App


def readable(app: App, widgets: Sequence[Widget]) -> list[Widget]:
    """Return the widgets whose metrics can be read in this region; note why others cannot."""
    here = app.session.environment.region
    result = []
    for widget in widgets:
        name = f"{widget.title!r}" if widget.title else f"a widget of the type {widget.kind}"
        regions = [line.region for line in widget.lines if line.region not in (None, here)]
        if not widget.lines:
            app.report.note(f"Skipping {name}: it draws no metrics")
        elif regions:
            app.report.note(f"Skipping {name}: its metrics are in {regions[0]}")
        else:
            result.append(widget)
    return result


def line_period(widget: Widget, line: WidgetLine, window: TimeWindow) -> int:
    """Return the period of a line's points, in seconds.

    Expressions may rely on the dashboard's periods (`m1 / 300`): widgets with one keep them, unless
    the window's period is explicit.
    """
    calculated = any(other.expression is not None for other in widget.lines)
    return line.period if calculated and not window.explicit else window.period


def line_queries(widget: Widget, window: TimeWindow) -> list[Query]:
    """Return the queries of all lines; expressions may need the hidden ones."""
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
    """Return the problem of each widget, whose queries are the answer's first groups.

    Raises TtOpsError `widget-invalid` when CloudWatch can evaluate none of them.
    """
    result = [
        _problem(widget, answer.refusals[number]) if number in answer.refusals else None
        for number, widget in enumerate(widgets)
    ]
    first = next(filter(None, result), None)
    if first is not None and all(result):
        raise first.as_error()
    return result


def _problem(widget: Widget, reason: str) -> Problem:
    for line in widget.lines:
        if line.expression is not None:
            reason = reason.replace(f"'{line.id}'", repr(line.expression))
    return Problem(
        "widget-invalid",
        f"the widget {widget.title!r} cannot be evaluated: {reason}",
        hint="edit the dashboard: tt-ops dashboard --console",
    )


def visible_series(
    widget: Widget, read: Mapping[str, Sequence[Series]]
) -> Iterator[tuple[WidgetLine, Series]]:
    """Yield every visible line with its series; a SEARCH has several."""
    for line in widget.lines:
        if line.visible:
            yield from ((line, series) for series in read.get(line.id, ()))


def points(series: Series, window: TimeWindow) -> tuple[Point, ...]:
    """Return the values up to now, oldest first; an expression may have future ones."""
    values = sorted(series.points.items())
    return tuple(Point(epoch_timestamp(at), value) for at, value in values if at <= window.now)
