"""The dashboard's page: its content, and that no text in it is executed."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from dataclasses import replace
from typing import Any

import pytest

from tasktracker_ops.errors import ConfigurationError
from tasktracker_ops.models.dashboard import (
    AlarmTimeline,
    Annotation,
    DashboardPage,
    Panel,
    Point,
    Trace,
    Widget,
    WidgetLine,
)
from tasktracker_ops.output.page import render, renderer
from tests.alarm import alarm_on_errors

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
ALARM = alarm_on_errors(state="ALARM", since="2026-01-01T00:02:00.000Z", reason="Threshold crossed")
POINTS = (
    Point("2026-01-01T00:00:00.000Z", 1.0),
    Point("2026-01-01T00:01:00.000Z", 2.0),
    Point("2026-01-01T00:05:00.000Z", 3.0),
)
TRACE = Trace("Errors", POINTS, 60, "Count", "#d62728", right=False, alarms=(ALARM.name,))
WIDGET = Widget("metric", "Errors", 8, 6, 12, 5)
PAGE = DashboardPage(
    title="board",
    target="AWS in eu-west-3",
    region="eu-west-3",
    account="123456789012",
    since="2026-01-01T00:00:00.000Z",
    until="2026-01-01T00:10:00.000Z",
    alarms=(AlarmTimeline(ALARM, (("2026-01-01T00:02:00.000Z", None),)),),
    panels=(Panel(WIDGET, (TRACE,)),),
)


def html(page: DashboardPage = PAGE) -> str:
    """Return the page, with a stub for the library."""
    return render(page, "/* plotly </script> */")


def panel(widget: Widget, *traces: Trace) -> str:
    """Return the page's part that shows a widget."""
    found = html(replace(PAGE, panels=(Panel(widget, traces),)))
    return found.partition("<main>")[2].partition("</main>")[0]


def figure(page: DashboardPage = PAGE) -> Any:
    """Return the data of the first widget."""
    data = re.search(r'id="figures">(.*?)</script>', html(page), re.S)
    assert data is not None
    return json.loads(data[1])[0]


def test_the_policy_allows_the_pages_own_scripts_and_no_request() -> None:
    """Scripts are allowed by their digests, so that one in a title would not run."""
    page = html()
    policy = re.search(r'Content-Security-Policy" content="(.*?)"', page)
    assert policy is not None
    assert policy[1].startswith("default-src &#x27;none&#x27;")
    assert "http" not in policy[1]
    scripts = re.findall(r"<script>(.*?)</script>", page, re.S)
    assert len(scripts) == 2
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"sha256-{digest}" in policy[1]


def test_texts_never_become_html() -> None:
    """Anyone who may edit the dashboard can write titles, labels, texts and queries."""
    trace = replace(TRACE, label=HOSTILE, unit=HOSTILE, color=HOSTILE, alarms=())
    mark = Annotation("left", 1.0, None, HOSTILE, HOSTILE)
    widgets = [
        replace(WIDGET, title=HOSTILE, kind=kind, text=HOSTILE, view=view, annotations=(mark,))
        for kind, view in (
            ("metric", "timeSeries"),
            ("metric", "singleValue"),
            ("text", ""),
            ("log", ""),
            ("alarm", ""),
            (HOSTILE, HOSTILE),
        )
    ]
    alarm = replace(ALARM, name=HOSTILE, state=HOSTILE, reason=HOSTILE, since=HOSTILE)
    page = html(
        replace(
            PAGE,
            title=HOSTILE,
            target=HOSTILE,
            region=HOSTILE,
            account=HOSTILE,
            alarms=(AlarmTimeline(alarm, ()),),
            panels=tuple(Panel(widget, (trace,)) for widget in widgets),
        )
    )
    assert "<img" not in page
    assert "alert(1)</script>" not in page
    assert len(re.findall(r"<script", page)) == 3


def test_alarms_come_first() -> None:
    """Each has its state, since when, how often it fired, and the reason as a title."""
    page = html()
    assert '<li class="alarm" title="Threshold crossed"><strong>ALARM</strong>' in page
    assert "since 2026-01-01 00:02 UTC, fired once" in page
    assert "<strong>INSUFFICIENT DATA</strong>" in html(
        replace(PAGE, alarms=(AlarmTimeline(replace(ALARM, state="INSUFFICIENT_DATA"), ()),))
    )


def test_a_widget_keeps_its_place() -> None:
    """CSS counts the lines of a grid from one."""
    assert 'style="--x:9;--y:7;--w:12;--h:5"' in panel(WIDGET, TRACE)


def test_a_figure_has_data_threshold_and_alarm_periods() -> None:
    """A missing period is a gap; an alarm that is still firing has a band until the end."""
    drawn = figure()
    [trace] = drawn["traces"]
    assert trace["y"] == [1.0, 2.0, None, 3.0]
    assert trace["x"][2] == "2026-01-01T00:02:00Z"
    assert (trace["name"], trace["color"]) == ("Errors", "#d62728")
    [line] = drawn["lines"]
    assert (line["name"], line["value"]) == ("LambdaErrorAlarm > 0", 0.0)
    assert drawn["bands"] == [{"from": "2026-01-01T00:02:00.000Z", "to": PAGE.until}]
    assert drawn["span"] == [PAGE.since, PAGE.until]


def test_annotations_are_drawn() -> None:
    """Values become lines, bands and times become marks."""
    marks = (
        Annotation("right", 5.0, None, "goal", "#00ff00"),
        Annotation("left", 1.0, 2.0, "fine", None),
        Annotation("time", "2026-01-01T00:01:00Z", None, "release", None),
    )
    unwatched = replace(TRACE, alarms=())
    drawn = figure(replace(PAGE, panels=(Panel(replace(WIDGET, annotations=marks), (unwatched,)),)))
    assert drawn["lines"] == [{"name": "goal", "value": 5.0, "right": True, "color": "#00ff00"}]
    assert [(m["axis"], m["from"], m["to"]) for m in drawn["marks"]] == [
        ("left", 1.0, 2.0),
        ("time", "2026-01-01T00:01:00Z", None),
    ]
    assert drawn["bands"] == []


def test_other_widgets_have_no_chart() -> None:
    """Numbers, texts, queries and alarms are HTML; any other type is named."""
    assert "<b>3</b>" in panel(replace(WIDGET, view="singleValue"), TRACE)
    line = WidgetLine(None, "m1", "e1", None, "Sum", 60, True, None, None, False)
    assert "No data" in panel(replace(WIDGET, view="gauge", lines=(line,)))
    assert "metrics cannot be read" in panel(WIDGET)
    assert "# Hello" in panel(replace(WIDGET, kind="text", text="# Hello"))
    assert "fields @message" in panel(replace(WIDGET, kind="log", text="fields @message"))
    arns = (f"arn:aws:cloudwatch:eu-west-3:1:alarm:{ALARM.name}", "arn:other:alarm:Elsewhere")
    alarms = panel(replace(WIDGET, kind="alarm", alarms=arns))
    assert "LambdaErrorAlarm" in alarms
    assert "and 1 of other deployments" in alarms
    assert "explorer" in panel(replace(WIDGET, kind="explorer"))


def test_a_missing_plotly_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is raised before anything is read from AWS."""
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    with pytest.raises(ConfigurationError) as caught:
        renderer()
    assert caught.value.code == "dashboard-extra-missing"
    assert caught.value.hint.endswith(": pip install 'plotly>=6,<8'")
