"""Metrics as text: a table per widget, with sparklines."""

from __future__ import annotations

from datetime import datetime

from tasktracker_ops.models.dashboard import (
    DashboardResult,
    MetricReport,
    MetricSummary,
    WidgetSummary,
)

from .results import text
from .screen import Screen
from .text import escape_control_characters, pairs, table

_LEVELS = "▁▂▃▄▅▆▇█"
_NO_VALUE = "\N{EN DASH}"
_UNITS = {"Milliseconds": "ms", "Count": "", "Bytes": "B", "Percent": "%", "Seconds": "s"}
_NUMBERS = ("sum", "average", "minimum", "maximum", "p95", "p99", "last")
_WIDTHS = (8, 60)
_WIDTH_WITHOUT_TERMINAL = 40


@text.register
def _(result: MetricReport, screen: Screen) -> str:
    name = escape_control_characters(result.dashboard)
    span = f"{name}, from {_clock(result.since)} to {_clock(result.until)} UTC"
    if not result.widgets:
        return f"{span}\n\nThe dashboard draws no metrics."
    return "\n\n".join([span, *(_widget(widget, result, screen) for widget in result.widgets)])


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
    rows = [[_name(m), *(number(getattr(m, name)) for name in _NUMBERS)] for m in widget.metrics]
    headers = ["", "sum", "average", "min", "max", "p95", "p99", "last"]
    head, rule, *lines = table(headers, rows, right=headers[1:]).splitlines()
    room = _WIDTH_WITHOUT_TERMINAL if screen.columns is None else screen.columns - len(rule) - 2
    width = min(room, _WIDTHS[1])
    # Without room, no sparkline: a line that wraps reads as two.
    sparklines = ("" if width < _WIDTHS[0] else sparkline(m, of, width) for m in widget.metrics)
    lines = [f"{line}  {marks}".rstrip() for line, marks in zip(lines, sparklines, strict=True)]
    return "\n".join([title, head, rule, *lines])


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
    cells = min(width, int((end - start) // metric.period) + 1)
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


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


def _clock(at: str) -> str:
    return at[:16].replace("T", " ")
