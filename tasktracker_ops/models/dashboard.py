"""Dashboards as they are deployed, and the data shown on them.

Times are RFC 3339 in UTC; durations are in seconds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from tasktracker_ops.errors import Problem
from tasktracker_ops.frozen import dataclass

from .alarm import Alarm


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric's identity: dimensions sorted by name; `account` is None for our own."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()
    account: str | None = None


@dataclass(frozen=True, slots=True)
class WidgetLine:
    """A line of a widget: a metric or an expression, and how it is drawn; `period` in seconds.

    `region` is None for the region that the dashboard is read in; `right` is its vertical axis.
    """

    metric: Metric | None
    expression: str | None
    id: str
    label: str | None
    statistic: str
    period: int
    visible: bool
    region: str | None
    color: str | None
    right: bool


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation: a value of an axis, or the band from one to another.

    `start` and `end` are numbers on a vertical axis, times (RFC 3339) on the horizontal one.
    """

    axis: str
    start: float | str
    end: float | str | None
    label: str | None
    color: str | None


@dataclass(frozen=True, slots=True)
class Widget:
    """A widget on the grid of 24 columns; `kind` is metric, text, alarm, log, explorer or custom.

    `text` is a text widget's Markdown or a log widget's query, `alarms` are ARNs, and `properties`
    are those of the dashboard's body. `whole` widgets show one value for the whole time.
    """

    kind: str
    title: str
    x: int
    y: int
    width: int
    height: int
    lines: tuple[WidgetLine, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    alarms: tuple[str, ...] = ()
    view: str = "timeSeries"
    stacked: bool = False
    whole: bool = False
    limits: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    text: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard as it is deployed."""

    name: str
    widgets: tuple[Widget, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A statistic of a metric, or an expression over the ids of its group; `period` in seconds.

    `returned` is False for a query that only expressions need.
    """

    id: str
    metric: Metric | None
    expression: str | None
    statistic: str
    period: int
    label: str | None = None
    returned: bool = True


@dataclasses.dataclass
class Series:
    """Values by the start of their period, in seconds since the epoch, under CloudWatch's label."""

    label: str
    points: dict[float, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Point:
    """A datapoint: the start of its period, and its value."""

    at: str
    value: float


@dataclass(frozen=True, slots=True)
class Trace:
    """A series as a widget draws it; `alarms` names the alarms on its metric."""

    label: str
    points: tuple[Point, ...]
    period: int
    unit: str | None
    color: str | None
    right: bool
    alarms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """A widget and its data, or the problem with it."""

    widget: Widget
    traces: tuple[Trace, ...]
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class AlarmTimeline:
    """An alarm and its periods in ALARM: pairs of start and end, which is None while it fires."""

    alarm: Alarm
    firing_periods: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class DashboardPage:
    """A dashboard with its data between two times; `target` is the target's label."""

    title: str
    target: str
    region: str
    account: str
    since: str
    until: str
    alarms: tuple[AlarmTimeline, ...]
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """A metric of a widget over the whole time window.

    A statistic is None without data, and where it means nothing for the metric.

    `points` are its values of `statistic`, one for each `period` (seconds), oldest first; `last` is
    the newest. An `expression` has no namespace, name and statistic: all values are over `points`.
    """

    label: str
    namespace: str | None
    name: str | None
    dimensions: Mapping[str, str]
    expression: str | None
    statistic: str | None
    period: int
    unit: str | None
    sum: float | None
    average: float | None
    minimum: float | None
    maximum: float | None
    p95: float | None
    p99: float | None
    last: float | None
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class WidgetSummary:
    """A widget of the dashboard and its metrics, or the problem with it."""

    title: str
    metrics: tuple[MetricSummary, ...]
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Headline:
    """The API's requests, errors (5xx) and latencies in ms, and the function's throttles.

    A value is None without data; `error_rate` is the errors' share of the requests.
    """

    requests: float | None
    errors: float | None
    error_rate: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    throttles: float | None


@dataclass(frozen=True, slots=True)
class MetricReport:
    """The deployed dashboard in numbers, from the first data of the time asked for.

    `period` is that of the points, in seconds; a report on some of its widgets has no headline.
    """

    dashboard: str
    since: str
    until: str
    period: int
    widgets: tuple[WidgetSummary, ...]
    headline: Headline | None = None


@dataclass(frozen=True, slots=True)
class DashboardResult:
    """The dashboard as files, or as the `url` of a page.

    `widgets` counts those drawn; `opened` says whether a browser shows it.
    """

    files: tuple[str, ...]
    url: str | None
    widgets: int
    opened: bool
