"""Metrics as tables: numbers, gaps and sparklines."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from tasktracker_ops.errors import Problem
from tasktracker_ops.models.dashboard import (
    DashboardResult,
    Headline,
    MetricReport,
    MetricSummary,
    Point,
    WidgetSummary,
)
from tasktracker_ops.output.dashboard import number, sparkline, time_axis
from tasktracker_ops.output.results import text
from tasktracker_ops.output.screen import Screen
from tasktracker_ops.settings import Settings

DASH = "\N{EN DASH}"
SCREEN = Screen(Settings(), {})


def metric(*values: float | None, **more: object) -> MetricSummary:
    """Return a metric with a point for each minute from midnight on that has a value."""
    points = tuple(
        Point(f"2026-01-01T00:{minute:02}:00.000Z", value)
        for minute, value in enumerate(values)
        if value is not None
    )
    content = {
        "label": "Errors",
        "namespace": "AWS/Lambda",
        "name": "Errors",
        "dimensions": {},
        "expression": None,
        "statistic": "Sum",
        "period": 60,
        "unit": "Count",
        **dict.fromkeys(("sum", "average", "minimum", "maximum", "p95", "p99", "last")),
        "points": points,
    }
    return MetricSummary(**{**content, **more})  # type: ignore[arg-type]


def over(minutes: int, *widgets: WidgetSummary) -> MetricReport:
    """Return metrics of so many minutes from midnight on."""
    until = f"2026-01-01T00:{minutes - 1:02}:30.000Z"
    return MetricReport("board", "2026-01-01T00:00:00.000Z", until, 60, widgets)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, DASH),
        (0, "0"),
        (1290.0, "1,290"),
        (0.00465, "0.00465"),
        (4.5134, "4.51"),
        (128.77, "128.8"),
        (8695.4, "8,695"),
        (-2.5, "-2.50"),
        (1e-9, "1e-09"),
        (1e20, "100,000,000,000,000,000,000"),
    ],
)
def test_numbers_have_their_significant_digits(value: float | None, shown: str) -> None:
    """Counts are whole, others have three or four digits."""
    assert number(value) == shown


@pytest.mark.parametrize(
    ("values", "minutes", "width", "expected"),
    [
        ((), 8, 8, ""),
        ((0, 1, 2, 3, 4, 5, 6, 7), 8, 8, "▁▂▃▄▅▆▇█"),
        ((7, None, None, 7), 4, 8, "█  █"),
        ((0, 0), 2, 8, "▁▁"),
        ((5, 5), 2, 8, "██"),
        ((-7, 0), 2, 8, "▁█"),
        ((0, 7, 0, 0), 4, 2, "█▁"),
    ],
)
def test_a_sparkline_covers_the_time_range(
    values: tuple[float | None, ...], minutes: int, width: int, expected: str
) -> None:
    """It starts at zero or a negative minimum; a gap is a space, and peaks are kept."""
    assert sparkline(metric(*values), over(minutes), width) == expected


def test_a_widget_is_a_table_below_its_title() -> None:
    """Numbers are right-aligned, a missing one is a dash, units follow the name."""
    rows = (
        metric(1, 2, 3, sum=6, average=2, minimum=1, maximum=3, p95=2.9, p99=3, last=3),
        metric(label="Duration", unit="Milliseconds"),
    )
    lines = text(over(3, WidgetSummary("Mine\x1b[2J", rows)), SCREEN).splitlines()
    assert lines[0] == "board, from 2026-01-01 00:00 to 2026-01-01 00:02 UTC"
    assert lines[2] == r"Mine\x1b[2J"
    assert lines[5].split() == ["Errors", "6", "2", "1", "3", "2.90", "3", "3", "▃▆█"]
    assert lines[6].split() == ["Duration", "(ms)", *[DASH] * 7]
    assert lines[5].index("2.90") + 4 == lines[3].index("p95") + 3


def test_a_headline_comes_first() -> None:
    """With units; what has no data is a dash."""
    report = replace(over(30), headline=Headline(1200, 6, 0.005, 4.2, 10, None, 0))
    lines = text(report, SCREEN).splitlines()
    assert lines[2].split() == ["requests", "error", "rate", "p50", "p95", "p99", "throttles"]
    assert lines[4].split() == ["1,200", "0.50", "%", "4.20", "ms", "10", "ms", DASH, "0"]


def test_a_statistic_that_no_metric_has_is_no_column() -> None:
    """Without any, the newest value remains."""
    widget = WidgetSummary("Mine", (metric(1, 2, sum=3, last=2), metric(label="b", sum=1)))
    lines = text(over(2, widget), SCREEN).splitlines()
    assert [lines[3].split(), lines[6].split()] == [["sum", "last"], ["b", "1", DASH]]
    lines = text(over(2, WidgetSummary("Mine", (metric(),))), SCREEN).splitlines()
    assert [lines[3].split(), lines[5].split()] == [["last"], ["Errors", DASH]]


@pytest.mark.parametrize(
    ("minutes", "width", "axis"),
    [
        (10, 60, ""),
        (11, 60, "00:00 00:10"),
        (25, 60, "00:00     00:12     00:24"),
        (59, 23, "00:00    00:29    00:58"),
    ],
)
def test_a_time_axis_is_as_long_as_the_sparklines(minutes: int, width: int, axis: str) -> None:
    """From start to end, with the middle where there is room."""
    report = over(minutes)
    assert time_axis(report, width) == axis
    if axis:
        assert len(axis) == len(sparkline(metric(*[1.0] * minutes), report, width))


def test_a_widget_with_a_problem_shows_the_problem() -> None:
    """The problem takes the place of the numbers."""
    problem = Problem("widget-invalid", "no\x1b", "look: tt-ops dashboard --console")
    shown = text(over(3, WidgetSummary("Mine", (), problem)), SCREEN).splitlines()
    assert shown[2:] == ["Mine", r"no\x1b", "look: tt-ops dashboard --console"]


@pytest.mark.parametrize(("columns", "marks"), [(80, True), (60, False)])
def test_no_line_is_wider_than_the_terminal(columns: int, marks: bool) -> None:
    """Without room for a sparkline, there is none."""
    screen = SimpleNamespace(columns=columns)
    row = metric(*range(50), sum=1000, average=2, minimum=1, maximum=3, p95=2.9, p99=3, last=3)
    shown = text(over(60, WidgetSummary("Mine", (row,))), screen).splitlines()  # type: ignore[arg-type]
    assert max(map(len, shown[2:])) <= columns
    assert ("█" in shown[-1]) == marks


def test_a_dashboard_without_metrics_says_so() -> None:
    """It may have text widgets only."""
    assert text(over(3), SCREEN).endswith("The dashboard draws no metrics.")


def test_a_picture_lists_its_files_and_its_page() -> None:
    """It also says whether a browser shows it."""
    shown = text(DashboardResult(("a.html",), "file:///a.html", 3, opened=True), SCREEN)
    assert shown.splitlines() == [
        "file     a.html",
        "page     file:///a.html",
        "widgets  3",
        "",
        "The browser shows it.",
    ]
    assert text(DashboardResult((), "http://x/", 0, opened=False), SCREEN) == "page  http://x/"
