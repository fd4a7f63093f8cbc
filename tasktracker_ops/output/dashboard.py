"""Metrics as text: a table per widget, with sparklines."""

from __future__ import annotations

from datetime import UTC, datetime

from tasktracker_ops.models.dashboard import (
    DashboardResult,
    Headline,
    MetricReport,
    MetricSummary,
    WidgetSummary,
)

from .columns import Column, fit
from .results import text
from .screen import Screen
from .text import escape_control_characters, pairs, table

_LEVELS = "▁▂▃▄▅▆▇█"
_NO_VALUE = "\N{EN DASH}"
_UNITS = {"Milliseconds": "ms", "Count": "", "Bytes": "B", "Percent": "%", "Seconds": "s"}
# Each statistic with the weight of its column.
_NUMBERS = {"sum": 6, "average": 3, "minimum": 1, "maximum": 2, "p95": 4, "p99": 5, "last": 7}
_HEADERS = {"minimum": "min", "maximum": "max"}
_DAY = 86400
_AXIS_GAP = 4  # between two times
_WIDTHS = (8, 60)
_WIDTH_WITHOUT_TERMINAL = 40


@text.register
def _(result: MetricReport, screen: Screen) -> str:
    name = escape_control_characters(result.dashboard)
    span = f"{name}, from {_clock(result.since)} to {_clock(result.until)} UTC"
    parts = [span]
    if result.headline is not None:
        parts.append(_headline(result.headline))
    parts += [_widget(widget, result, screen) for widget in result.widgets]
    if not result.widgets:
        parts.append("The dashboard draws no metrics.")
    return "\n\n".join(parts)


@text.register
def _(result: DashboardResult, screen: Screen) -> str:
    rows = {"file": "\n".join(result.files), "page": result.url, "widgets": result.widgets or None}
    note = "The browser shows it." if result.opened else ""
    return "\n\n".join(filter(None, [pairs({k: v for k, v in rows.items() if v}), note]))


def _widget(widget: WidgetSummary, of: MetricReport, screen: Screen) -> str:
    title = escape_control_characters(widget.title or "(no title)")
    if widget.problem is not None:
        message = escape_control_characters(widget.problem.message)
        return f"{title}\n{message}\n{screen.hint(widget.problem.hint)}"
    metrics = widget.metrics
    names = [name for name in _NUMBERS if any(getattr(m, name) is not None for m in metrics)]
    columns = [Column("", [*map(_name, metrics)], weight=8)]
    for name in names or ["last"]:
        cells = [number(getattr(metric, name)) for metric in metrics]
        columns.append(Column(_HEADERS.get(name, name), cells, _NUMBERS[name], right=True))
    head, rule, *lines = fit(columns, screen.columns).splitlines()
    room = _WIDTH_WITHOUT_TERMINAL if screen.columns is None else screen.columns - len(rule) - 2
    width = min(room, _WIDTHS[1])
    if names and width >= _WIDTHS[0]:  # a line that wraps reads as two
        head = f"{head}  {time_axis(of, width)}".rstrip()
        marks = (sparkline(metric, of, width) for metric in metrics)
        lines = [f"{line}  {each}".rstrip() for line, each in zip(lines, marks, strict=True)]
    return "\n".join([title, head, rule, *lines])


def _headline(headline: Headline) -> str:
    def with_unit(value: float | None, unit: str) -> str:
        return number(value) if value is None else f"{number(value)} {unit}"

    rate = headline.error_rate
    cells = {
        "requests": number(headline.requests),
        "error rate": with_unit(None if rate is None else 100 * rate, "%"),
        "p50": with_unit(headline.p50, "ms"),
        "p95": with_unit(headline.p95, "ms"),
        "p99": with_unit(headline.p99, "ms"),
        "throttles": number(headline.throttles),
    }
    return table(list(cells), [list(cells.values())], right=list(cells))


def _name(metric: MetricSummary) -> str:
    unit = _UNITS.get(metric.unit or "Count", metric.unit)
    return f"{metric.label} ({unit})" if unit else metric.label


def number(value: float | None) -> str:
    """Return a number with its significant digits: counts whole, others in three or four."""
    if value is None:
        return _NO_VALUE
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 0.1 else f"{value:.{2 if abs(value) < 100 else 1}f}"


def sparkline(metric: MetricSummary, of: MetricReport, width: int) -> str:
    """Draw the points over the time range in at most `width` characters, gaps as spaces.

    The lowest mark stands for 0, or for a negative minimum. Where several points share a
    character, it shows the highest.
    """
    start, end = _seconds(of.since), _seconds(of.until)
    cells = _cells(of, metric.period, width)
    highest: dict[int, float] = {}
    for point in metric.points:
        cell = min(int((_seconds(point.at) - start) / (end - start) * cells), cells - 1)
        highest[cell] = max(point.value, highest.get(cell, point.value))
    if not highest:
        return ""
    low, high = min(0.0, *highest.values()), max(highest.values())
    step = (high - low or 1.0) / (len(_LEVELS) - 1)
    marks = {cell: _LEVELS[round((value - low) / step)] for cell, value in highest.items()}
    return "".join(marks.get(cell, " ") for cell in range(cells))


def time_axis(of: MetricReport, width: int) -> str:
    """Return the times above a sparkline: its start and its end, and its middle if there is room.

    Where it is too short for two times, there is none.
    """
    start, end = _seconds(of.since), _seconds(of.until)
    cells = _cells(of, of.period, width)
    form = "%H:%M" if end - start <= _DAY else "%m-%d %H:%M"
    first, middle, last = (
        datetime.fromtimestamp(at, UTC).strftime(form) for at in (start, (start + end) / 2, end)
    )
    if cells < 2 * len(first) + 1:
        return ""
    between = cells - 2 * len(first)
    if between >= len(first) + 2 * _AXIS_GAP:
        return first + middle.center(between) + last
    return first + " " * between + last


def _cells(of: MetricReport, period: int, width: int) -> int:
    """Return how many characters a sparkline has."""
    return min(width, int((_seconds(of.until) - _seconds(of.since)) // period) + 1)


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


def _clock(at: str) -> str:
    return at[:16].replace("T", " ")
