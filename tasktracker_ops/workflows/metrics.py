"""Summarise the deployed dashboard: every metric over the whole time, and period by period."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from tasktracker_ops.adapters.aws.metric_units import unit
from tasktracker_ops.errors import ExitCode, TtOpsError
from tasktracker_ops.models.dashboard import (
    Dashboard,
    Metric,
    Metrics,
    MetricSummary,
    Point,
    Query,
    Series,
    Widget,
    WidgetLine,
    WidgetSummary,
)

from .readings import (
    dashboard,
    fetch,
    line_period,
    line_queries,
    points,
    problems,
    readable,
    visible_series,
)
from .time_window import TimeWindow, rfc3339

if TYPE_CHECKING:
    from tasktracker_ops.app import App

# A percentile of a day does not follow from those of its minutes: CloudWatch calculates the day's.
STATISTICS = {
    "sum": "Sum",
    "average": "Average",
    "minimum": "Minimum",
    "maximum": "Maximum",
    "p95": "p95",
    "p99": "p99",
}
_Values = Mapping[str, float | None]
_Whole = Mapping[Metric, _Values]


def metrics(app: App, window: TimeWindow, *, title: str | None = None) -> Metrics:
    """Summarise the deployed dashboard's widgets, or those with `title` in their titles.

    Raises TtOpsError `widget-unknown` when no widget has it.
    """
    app.report.doing("reading the dashboard")
    found = dashboard(app)
    widgets = readable(app, _chosen(found, title))
    app.report.doing("reading its metrics")
    lines = (line for widget in widgets for line in widget.lines if line.visible)
    drawn = list(dict.fromkeys(line.metric for line in lines if line.metric))
    answer = fetch(
        app,
        window,
        [
            *(line_queries(widget, window) for widget in widgets),
            *(_statistics(metric, window.length) for metric in drawn),
        ],
    )
    refused = problems(widgets, answer)
    read = answer.groups
    whole = dict(zip(drawn, map(_only, read[len(widgets) :]), strict=True))
    return Metrics(
        dashboard=found.name,
        since=rfc3339(window.start),
        until=rfc3339(window.now),
        period=window.period,
        widgets=tuple(
            WidgetSummary(widget.title, tuple(_summaries(widget, series, whole, window)), problem)
            for widget, series, problem in zip(widgets, read, refused, strict=False)
        ),
    )


def _chosen(found: Dashboard, title: str | None) -> list[Widget]:
    if title is None:
        return list(found.widgets)
    chosen = [w for w in found.widgets if title.casefold() in w.title.casefold()]
    if not chosen:
        titles = ", ".join(repr(w.title) for w in found.widgets if w.title)
        raise TtOpsError(
            "widget-unknown",
            f"no widget of {found.name!r} has {title!r} in its title; there are {titles or 'none'}",
            hint="see all of them: tt-ops metrics",
            exit_code=ExitCode.USAGE,
        )
    return chosen


def _statistics(metric: Metric, length: int) -> list[Query]:
    return [Query(name, metric, None, stat, length) for name, stat in STATISTICS.items()]


def _only(found: Mapping[str, Sequence[Series]]) -> _Values:
    """Return the one value of each statistic."""
    values = {name: list(series[0].points.values()) for name, series in found.items() if series}
    return {name: values[name][0] if values.get(name) else None for name in STATISTICS}


def _summaries(
    widget: Widget, read: Mapping[str, Sequence[Series]], whole: _Whole, window: TimeWindow
) -> Iterator[MetricSummary]:
    """Yield a summary for each metric, drawn once or more, and for each series of an expression."""
    drawn = [line.metric for line in widget.lines if line.visible]
    summarised: set[Metric] = set()
    for line, series in visible_series(widget, read):
        values, period = points(series, window), line_period(widget, line, window)
        if line.metric is None:
            yield _summary(line, series.label, values, _over(values), period)
        elif line.metric not in summarised:
            summarised.add(line.metric)
            alone = line.label and drawn.count(line.metric) == 1
            label = series.label if alone else line.metric.name
            yield _summary(line, label, values, whole[line.metric], period)


def _summary(
    line: WidgetLine, label: str, values: tuple[Point, ...], whole: _Values, period: int
) -> MetricSummary:
    metric = line.metric
    return MetricSummary(
        label=label,
        namespace=metric.namespace if metric else None,
        name=metric.name if metric else None,
        dimensions=dict(metric.dimensions) if metric else {},
        expression=line.expression,
        statistic=line.statistic if metric else None,
        period=period,
        unit=unit(metric) if metric else None,
        **whole,
        last=values[-1].value if values else None,
        points=values,
    )


def _over(points: Sequence[Point]) -> _Values:
    """Return the statistics of an expression: over its points, each with the same weight."""
    if not points:
        return dict.fromkeys(STATISTICS)
    values = sorted(point.value for point in points)
    return {
        "sum": math.fsum(values),
        "average": fmean(values),
        "minimum": values[0],
        "maximum": values[-1],
        "p95": _percentile(values, 0.95),
        "p99": _percentile(values, 0.99),
    }


def _percentile(ranked: Sequence[float], share: float) -> float:
    """Interpolate linearly between the closest ranks."""
    below, part = divmod(share * (len(ranked) - 1), 1)
    first, second = ranked[int(below)], ranked[min(int(below) + 1, len(ranked) - 1)]
    return first + (second - first) * part
