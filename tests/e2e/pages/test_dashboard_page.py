"""The dashboard's page as a browser shows it; run with `pytest -m browser`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tasktracker_ops.models.dashboard import DashboardPage, Panel, Point, Trace, Widget
from tasktracker_ops.output.page import render

if TYPE_CHECKING:
    from tests.e2e.conftest import Clone

    from .conftest import BrowserPage

pytestmark = pytest.mark.browser


def charts(shown: BrowserPage) -> list[dict[str, list[float | None]]]:
    """Return for every chart its lines by name."""
    script = """charts => charts.map(({ plot }) =>
        plot.series.slice(1).map((line, i) => [line.label, [...plot.data[i + 1]]]))"""
    return [dict(chart) for chart in shown.page.eval_on_selector_all(".chart", script)]


def background(shown: BrowserPage) -> str:
    """Return the page's colour."""
    return str(shown.page.evaluate("getComputedStyle(document.body).backgroundColor"))


@pytest.fixture
def show(open_page: Callable[..., BrowserPage]) -> Callable[..., BrowserPage]:
    """Return a function that opens a file without a network, and waits for its charts."""

    def show(file: Path, **options: Any) -> BrowserPage:
        shown = open_page(file.as_uri(), offline=True, **options)
        shown.page.wait_for_function(
            "[...document.querySelectorAll('.chart')].every(c => c.querySelector('canvas').width)"
        )
        return shown

    return show


@pytest.fixture(scope="module")
def file(live: Clone, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page of the deployment."""
    made = tmp_path_factory.mktemp("page") / "dashboard.html"
    live.succeed("dashboard", "--html", str(made), "--since", "1h")
    return made


def test_every_widget_is_there_with_its_data(
    live: Clone, file: Path, show: Callable[..., BrowserPage]
) -> None:
    """The same points as `metrics` has, and the alarms with thresholds and periods."""
    shown = show(file)
    widgets = live.read("metrics", "--since", "1h")["widgets"]
    titles = shown.page.eval_on_selector_all("h3", "all => all.map(e => e.textContent)")
    assert titles == [widget["title"] for widget in widgets]
    calls, durations, others = charts(shown)
    for name in ("Invocations", "Errors"):
        drawn = sum(value for value in calls[name] if value is not None)
        metric = next(m for m in widgets[0]["metrics"] if m["name"] == name)
        assert drawn == metric["sum"] > 0
    assert set(durations) == {"average", "p95", "maximum", "LambdaDurationAlarm > 1,000"}
    assert max(filter(None, durations["maximum"])) == widgets[1]["metrics"][0]["maximum"]
    assert set(others) == {"Throttles", "ConcurrentExecutions"}
    assert set(calls["LambdaErrorAlarm > 0"]) == {0}
    bands = "legends => legends.map(l => l.querySelectorAll('.band').length)"
    assert shown.page.eval_on_selector_all(".legend", bands) == [1, 0, 0]
    alarm = shown.page.locator("ul.alarms li", has_text="LambdaErrorAlarm")
    assert ", fired" in alarm.inner_text()
    assert (shown.complaints, shown.requests) == ([], [file.as_uri()])


@pytest.mark.parametrize("width", [1400, 400])
def test_it_fits_the_screen_in_both_looks(
    file: Path, show: Callable[..., BrowserPage], tmp_path: Path, width: int
) -> None:
    """As the system prefers, or as the switch says; nothing is cut off at the side."""
    light = show(file, width=width, color_scheme="light")
    dark = show(file, width=width, color_scheme="dark")
    assert background(light) != background(dark)
    for name, shown in {"light": light, "dark": dark}.items():
        assert shown.page.evaluate("document.documentElement.scrollWidth") <= width
        assert shown.page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
    assert (tmp_path / "light.png").read_bytes() != (tmp_path / "dark.png").read_bytes()
    preferred = background(dark)
    light.page.click("#look")
    assert background(light) == preferred
    assert light.complaints == dark.complaints == []


def test_a_line_can_be_hidden(file: Path, show: Callable[..., BrowserPage]) -> None:
    """A threshold far away would else press the curves flat; the look does not bring it back."""
    shown = show(file)
    top = "document.querySelectorAll('.chart')[1].plot.scales.left.max"
    assert shown.page.evaluate(top) >= 1000
    shown.page.get_by_role("button", name="LambdaDurationAlarm").click()
    assert shown.page.evaluate(top) < 1000
    shown.page.click("#look")
    assert shown.page.evaluate(top) < 1000


def test_other_kinds_of_widgets_are_shown(show: Callable[..., BrowserPage], tmp_path: Path) -> None:
    """Bars, pies, stacks, numbers, texts; titles stay text."""
    hostile = "<img src=https://example.com/x onerror=alert(1)></script><script>alert(2)</script>"
    points = (Point("2026-01-01T00:00:00.000Z", 1.0), Point("2026-01-01T00:01:00.000Z", 2.0))
    traces = tuple(
        Trace(label, points, 60, None, None, right=right, alarms=())
        for label, right in ((hostile, False), ("b", True))
    )
    views = ("timeSeries", "bar", "pie", "singleValue")
    widgets = [
        Widget("metric", f"{view} {hostile}", 6 * i, 0, 6, 6, view=view, stacked=i == 0)
        for i, view in enumerate(views)
    ]
    words = Widget("text", "", 0, 6, 24, 2, text=f"# {hostile}")
    page = DashboardPage(
        title=hostile,
        target="nowhere",
        region="eu-west-3",
        account="123456789012",
        since="2026-01-01T00:00:00.000Z",
        until="2026-01-01T00:03:00.000Z",
        alarms=(),
        panels=(*(Panel(widget, traces) for widget in widgets), Panel(words, ())),
    )
    file = tmp_path / "page.html"
    file.write_text(render(page))
    shown = show(file)
    [stacked] = charts(shown)
    assert list(stacked) == [hostile, "b"]
    assert shown.page.locator(".bars").count() == 2
    assert shown.page.locator(".pie").count() == 1
    assert shown.page.locator(".number b").all_inner_texts() == ["2", "2"]
    assert shown.page.title() == hostile
    assert shown.page.locator(".words").inner_text() == f"# {hostile}"
    assert shown.page.locator("img").count() == 0
    assert (shown.complaints, shown.requests) == ([], [file.as_uri()])
