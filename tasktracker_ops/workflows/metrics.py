"""Summarise the deployed dashboard: each metric over the whole window, and per period."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from tasktracker_ops.adapters.aws.metric_units import is_meaningful, unit
from tasktracker_ops.errors import ExitCode, TtOpsError
from tasktracker_ops.models.dashboard import (
    Dashboard,
    Headline,
    Metric,
    MetricReport,
    MetricSummary,
    Point,
    Query,
    Series,
    Widget,
    WidgetLine,
    WidgetSummary,
)
from tasktracker_ops.models.times import TimeWindow, epoch_timestamp, time_window

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
    from tasktracker_ops.adapters.aws.metrics import MetricAnswer
    from tasktracker_ops.app import App
    from tasktracker_ops.models.deployment import Deployment

# A percentile of a day does not follow from those of its minutes: CloudWatch calculates the day's.
STATISTICS = {
    "sum": "Sum",
    "average": "Average",
    "minimum": "Minimum",
    "maximum": "Maximum",
    "p95": "p95",
    "p99": "p99",
}
_SHORTEST = 600.0  # seconds
# By name of the statistic; None without data, or where it means nothing.
_Values = Mapping[str, float | None]


def metrics(app: App, window: TimeWindow, *, title: str | None = None) -> MetricReport:
    """Return a report on the deployed dashboard's widgets, or those with `title` in their titles.

    It begins with the first data. Raises TtOpsError `widget-unknown` when no widget has the title.
    """
    app.report.doing("reading the dashboard")
    deployment = app.deployments.get()
    deployed = app.dashboards.get(deployment.dashboard_name)
    widgets = readable(app, _matching(deployed, title))
    app.report.doing("reading its metrics")
    lines = (line for widget in widgets for line in widget.lines if line.visible)
    drawn = list(dict.fromkeys(line.metric for line in lines if line.metric))

    def read(window: TimeWindow) -> MetricAnswer:
        groups = [line_queries(widget, window) for widget in widgets]
        groups += [_statistics(metric, window.length) for metric in drawn]
        if title is None:
            groups.append(_headline_queries(deployment, window.length))
        return fetch(app, window, groups)

    answer = read(window)
    with_data = _with_data(window, answer.groups[: len(widgets)])
    if with_data.period != window.period:
        answer = read(with_data)
    window, groups = with_data, answer.groups
    whole = dict(zip(drawn, map(_single_values, groups[len(widgets) :]), strict=False))
    return MetricReport(
        dashboard=deployed.name,
        since=epoch_timestamp(window.start),
        until=epoch_timestamp(window.now),
        period=window.period,
        widgets=tuple(
            WidgetSummary(widget.title, tuple(_summaries(widget, series, whole, window)), problem)
            for widget, series, problem in zip(
                widgets, groups, problems(widgets, answer), strict=False
            )
        ),
        headline=_headline(groups[-1]) if title is None else None,
    )


def _with_data(window: TimeWindow, groups: Iterable[Mapping[str, Sequence[Series]]]) -> TimeWindow:
    """Return the part of the window from its first data on, but no less than ten minutes."""
    all_series = (series for group in groups for each in group.values() for series in each)
    first = min((at for series in all_series for at in series.points), default=0.0)
    since = max(window.now - first, _SHORTEST)
    if since >= window.now - window.start:
        return window
    return time_window(window.now, since, window.period if window.explicit else None)


def _matching(deployed: Dashboard, title: str | None) -> list[Widget]:
    if title is None:
        return list(deployed.widgets)
    matching = [w for w in deployed.widgets if title.casefold() in w.title.casefold()]
    if not matching:
        titles = ", ".join(repr(w.title) for w in deployed.widgets if w.title)
        raise TtOpsError(
            "widget-unknown",
            f"no widget of {deployed.name!r} has {title!r} in its title: it has {titles or 'none'}",
            hint="see all of them: tt-ops metrics",
            exit_code=ExitCode.USAGE,
        )
    return matching


def _statistics(metric: Metric, length: int) -> list[Query]:
    return [
        Query(name, metric, None, stat, length)
        for name, stat in STATISTICS.items()
        if is_meaningful(stat, metric)
    ]


def _single_values(group: Mapping[str, Sequence[Series]]) -> _Values:
    """Return the single value of each statistic."""
    values = {name: list(series[0].points.values()) for name, series in group.items() if series}
    return {name: values[name][0] if values.get(name) else None for name in STATISTICS}


def _summaries(
    widget: Widget,
    group: Mapping[str, Sequence[Series]],
    whole: Mapping[Metric, _Values],
    window: TimeWindow,
) -> Iterator[MetricSummary]:
    """Yield one summary per metric, and one per series of an expression."""
    drawn = [line.metric for line in widget.lines if line.visible]
    summarised: set[Metric] = set()
    for line, series in visible_series(widget, group):
        values, period = points(series, window), line_period(widget, line, window)
        if line.metric is None:
            yield _summary(line, series.label, values, _statistics_of(values), period)
        elif line.metric not in summarised:
            summarised.add(line.metric)
            has_own_label = line.label and drawn.count(line.metric) == 1
            label = series.label if has_own_label else line.metric.name
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


def _statistics_of(points: Sequence[Point]) -> _Values:
    """Return the statistics over an expression's points, each with the same weight."""
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


def _headline_queries(deployment: Deployment, length: int) -> list[Query]:
    """Return the queries of the headline, each with one period of `length` seconds."""
    api = (("ApiId", deployment.api_id),)
    function = (("FunctionName", deployment.function_name),)
    latency = Metric("AWS/ApiGateway", "Latency", api)
    metrics = {
        "requests": (Metric("AWS/ApiGateway", "Count", api), "Sum"),
        "errors": (Metric("AWS/ApiGateway", "5xx", api), "Sum"),
        "p50": (latency, "p50"),
        "p95": (latency, "p95"),
        "p99": (latency, "p99"),
        "throttles": (Metric("AWS/Lambda", "Throttles", function), "Sum"),
    }
    return [Query(name, metric, None, stat, length) for name, (metric, stat) in metrics.items()]


def _headline(group: Mapping[str, Sequence[Series]]) -> Headline:
    """Return the headline that the answers to its queries make."""

    def value(name: str) -> float | None:
        return next((point for each in group.get(name, ()) for point in each.points.values()), None)

    requests, errors = value("requests"), value("errors")
    rate = None if not requests or errors is None else errors / requests
    return Headline(
        requests=requests,
        errors=errors,
        error_rate=rate,
        p50=value("p50"),
        p95=value("p95"),
        p99=value("p99"),
        throttles=value("throttles"),
    )
