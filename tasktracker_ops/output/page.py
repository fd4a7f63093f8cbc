"""The dashboard as one self-contained page, with plotly inlined for the charts."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from html import escape
from importlib.resources import files
from typing import Any

from tasktracker_ops.errors import ConfigurationError
from tasktracker_ops.models.dashboard import (
    AlarmTimeline,
    DashboardPage,
    Panel,
    Point,
    Trace,
    Widget,
)

from .alarm import COMPARISON_SIGNS
from .dashboard import number

# plotly sets styles and creates images.
_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'unsafe-inline'; "
    "img-src data: blob:"
)
_CHARTS = {"timeSeries", "bar", "pie"}
_STATES = {"OK": "ok", "ALARM": "alarm"}
_UNITS = {"Milliseconds": "ms", "Count": "", "Bytes": "bytes"}


def renderer() -> Callable[[DashboardPage], str]:
    """Return the function that renders the page of a dashboard.

    Raises ConfigurationError `dashboard-extra-missing` where plotly is not installed.
    """
    try:
        from plotly.offline import get_plotlyjs
    except ImportError:
        raise ConfigurationError(
            "dashboard-extra-missing",
            "the page is drawn by plotly, which is not installed",
            hint="install it: pip install 'plotly>=6,<8'",
        ) from None
    return lambda page: render(page, str(get_plotlyjs()))


def render(page: DashboardPage, plotly: str) -> str:
    """Return the page's HTML, with the source of the library `plotly` in it.

    Its Content-Security-Policy allows no requests, and no scripts but its own.
    """
    ours, style = (_read(name) for name in ("page.js", "page.css"))
    scripts = [_inlined(plotly), _inlined(ours)]
    policy = f"{_POLICY}; script-src {' '.join(map(_hash, scripts))}"
    place = [page.region] if page.region not in page.target else []
    facts = " · ".join([*place, f"account {page.account}"])
    data = json.dumps([_figure(panel, page) for panel in page.panels]).replace("<", "\\u003c")
    drawn_at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(page.title)}</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>{escape(page.title)}</h1>
<p class="where"><strong>{escape(page.target)}</strong> · {escape(facts)}</p>
<p class="span">{_clock(page.since)} to {_clock(page.until)} UTC · drawn at {drawn_at} UTC</p>
<button id="look" type="button">Dark</button>
</header>
<ul class="alarms">{"".join(map(_alarm, page.alarms))}</ul>
<main>{"".join(_panel(panel, i, page) for i, panel in enumerate(page.panels))}</main>
<script type="application/json" id="figures">{data}</script>
<script>{scripts[0]}</script>
<script>{scripts[1]}</script>
</body>
</html>
"""


def _read(name: str) -> str:
    return files("tasktracker_ops.output").joinpath(name).read_text(encoding="utf-8")


def _inlined(script: str) -> str:
    """Return a script in which nothing ends its element early."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _hash(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _alarm(timeline: AlarmTimeline) -> str:
    alarm = timeline.alarm
    times = {0: "", 1: ", fired once"}.get(
        len(timeline.firing_periods), f", fired {len(timeline.firing_periods)} times"
    )
    return (
        f'<li class="{_STATES.get(alarm.state, "unknown")}" title="{escape(alarm.reason)}">'
        f"<strong>{escape(alarm.state.replace('_', ' '))}</strong> {escape(alarm.name)} "
        f"<span>since {_clock(alarm.since)} UTC{times}</span></li>"
    )


def _panel(panel: Panel, number_: int, page: DashboardPage) -> str:
    widget = panel.widget
    place = f"--x:{widget.x + 1};--y:{widget.y + 1};--w:{widget.width};--h:{widget.height}"
    title = f"<h2>{escape(widget.title)}</h2>" if widget.title else ""
    return (
        f'<section style="{place}" data-widget="{number_}" class="{_class(widget)}">'
        f"{title}{_content(panel, page)}</section>"
    )


def _class(widget: Widget) -> str:
    return widget.kind if widget.kind in {"metric", "text", "alarm", "log"} else "other"


def _content(panel: Panel, page: DashboardPage) -> str:
    widget = panel.widget
    if panel.problem is not None:
        return f'<p class="words">{escape(panel.problem.message)}</p>'
    if widget.kind == "text":
        return f'<div class="words">{escape(widget.text)}</div>'
    if widget.kind == "log":
        query = f"<pre>{escape(widget.text)}</pre>"
        return f"<p>A query of Logs Insights, which this page does not run:</p>{query}"
    if widget.alarms and not panel.traces:
        named = [
            w for w in page.alarms if any(a.endswith(f":{w.alarm.name}") for a in widget.alarms)
        ]
        others = len(widget.alarms) - len(named)
        more = f"<p>and {others} of other deployments</p>" if others else ""
        return f'<ul class="alarms">{"".join(map(_alarm, named))}</ul>{more}'
    if widget.kind != "metric":
        return f"<p>A widget of the type {escape(widget.kind)}, which this page does not draw.</p>"
    if not (widget.lines or panel.traces):
        return "<p>Its metrics cannot be read.</p>"
    if widget.view in _CHARTS:
        return '<div class="chart"></div>'
    values = "".join(map(_value, panel.traces))
    return (
        f'<div class="numbers">{values}</div>' if values else "<p>No data in this time range.</p>"
    )


def _value(trace: Trace) -> str:
    value = number(trace.points[-1].value if trace.points else None)
    unit = _UNITS.get(trace.unit or "", trace.unit or "")
    return f'<p class="number"><b>{value}</b> {escape(unit)}<br>{escape(trace.label)}</p>'


def _figure(panel: Panel, page: DashboardPage) -> Mapping[str, Any]:
    """Return the data that page.js draws."""
    widget = panel.widget
    names = {name for trace in panel.traces for name in trace.alarms}
    timelines = [timeline for timeline in page.alarms if timeline.alarm.name in names]
    return {
        "view": widget.view,
        "stacked": widget.stacked,
        "span": [page.since, page.until],
        "limits": widget.limits,
        "units": {side: _axis_title(panel, side) for side in ("left", "right")},
        "traces": [_trace(trace) for trace in panel.traces],
        "lines": [*_thresholds(panel, timelines), *_horizontals(widget)],
        "bands": [
            {"from": start, "to": end or page.until}
            for timeline in timelines
            for start, end in timeline.firing_periods
        ],
        "marks": [
            {
                "axis": mark.axis,
                "from": mark.start,
                "to": mark.end,
                "color": mark.color,
                "label": mark.label or "",
            }
            for mark in widget.annotations
            if mark.axis == "time" or mark.end is not None
        ],
    }


def _trace(trace: Trace) -> Mapping[str, Any]:
    times, values = [], []
    for at, value in _with_gaps(trace.points, trace.period):
        times.append(at)
        values.append(value)
    return {
        "name": trace.label,
        "x": times,
        "y": values,
        "color": trace.color,
        "right": trace.right,
        "unit": _UNITS.get(trace.unit or "", trace.unit or ""),
    }


def _with_gaps(points: tuple[Point, ...], period: int) -> Iterator[tuple[str, float | None]]:
    """Yield the points, and one without a value for each gap, which interrupts the line."""
    due = None
    for point in points:
        at = datetime.fromisoformat(point.at)
        if due is not None and at > due:
            yield due.strftime("%Y-%m-%dT%H:%M:%SZ"), None
        yield point.at, point.value
        due = at + timedelta(seconds=period)


def _thresholds(panel: Panel, timelines: list[AlarmTimeline]) -> Iterator[Mapping[str, Any]]:
    for timeline in timelines:
        alarm = timeline.alarm
        if alarm.threshold is not None:
            trace = next(each for each in panel.traces if alarm.name in each.alarms)
            sign = COMPARISON_SIGNS.get(alarm.comparison, "")
            label = f"{alarm.name} {sign} {number(alarm.threshold)}"
            yield _line(label, alarm.threshold, right=trace.right, color=None)


def _horizontals(widget: Widget) -> Iterator[Mapping[str, Any]]:
    for mark in widget.annotations:
        if mark.axis != "time" and mark.end is None:
            yield _line(mark.label or "", mark.start, right=mark.axis == "right", color=mark.color)


def _line(label: str, value: float | str, *, right: bool, color: str | None) -> Mapping[str, Any]:
    return {"name": label, "value": value, "right": right, "color": color}


def _axis_title(panel: Panel, side: str) -> str:
    units = {trace.unit for trace in panel.traces if trace.right == (side == "right")}
    unit = units.pop() if len(units) == 1 else None
    return _UNITS.get(unit or "", unit or "")


def _clock(at: str) -> str:
    return escape(at[:16].replace("T", " "))
