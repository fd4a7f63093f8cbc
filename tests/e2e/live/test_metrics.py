"""The deployed dashboard in numbers, beside what was sent and what the function's log says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from tests.e2e.conftest import Clone

FUNCTION = "task-tracker-function"
DASHBOARD = "task-tracker-dashboard"


@pytest.fixture
def dashboard(aws: Callable[[str], Any]) -> Iterator[Callable[[Any], None]]:
    """Edit the dashboard as someone might by hand; afterwards it is as it was deployed."""
    cloudwatch = aws("cloudwatch")
    body = cloudwatch.get_dashboard(DashboardName=DASHBOARD)["DashboardBody"]

    def put(content: Any) -> None:
        cloudwatch.put_dashboard(DashboardName=DASHBOARD, DashboardBody=json.dumps(content))

    yield put
    cloudwatch.put_dashboard(DashboardName=DASHBOARD, DashboardBody=body)


def numbers(live: Clone, *arguments: str) -> dict[str, Any]:
    """The deployed dashboard's metrics by their names or expressions' labels."""
    widgets = live.read("metrics", *arguments)["widgets"]
    return {metric["label"]: metric for widget in widgets for metric in widget["metrics"]}


def reported(aws: Callable[[str], Any]) -> list[float]:
    """The duration in ms of every invocation, as the function's log has it."""
    pages = (
        aws("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=f"/aws/lambda/{FUNCTION}", filterPattern="REPORT")
    )
    lines = (event["message"] for page in pages for event in page["events"])
    found = (re.search(r"\tDuration: ([\d.]+) ms", line) for line in lines)
    return [float(match[1]) for match in found if match]


def test_metrics_match_what_was_sent_and_logged(live: Clone, aws: Callable[[str], Any]) -> None:
    """200 requests: successes, refusals, drills, and invocations past the API."""
    before = numbers(live)
    api, function = live.read("outputs")["api_url"], aws("lambda")
    for number in range(150):
        if number % 3:
            assert requests.get(f"{api}/tasks", timeout=10).status_code == 200
        else:
            assert requests.get(f"{api}/nothing", timeout=10).status_code == 404
    shots = live.read("trigger-error", "--count", "20")["requests"]
    assert [shot["status"] for shot in shots] == [500] * 20
    failed = len(shots)
    for payload in [b"{}", b"[1]"] * 15:
        failed += "FunctionError" in function.invoke(FunctionName=FUNCTION, Payload=payload)
    after = numbers(live)

    def rise(name: str) -> float:
        return float(after[name]["sum"] - before[name]["sum"])

    assert (rise("Invocations"), rise("Errors")) == (200, failed)
    durations = reported(aws)
    assert len(durations) == after["Invocations"]["sum"]
    p95 = quantiles(durations, n=100, method="inclusive")[94]
    assert after["Duration"]["p95"] == pytest.approx(p95, abs=1)
    assert after["Duration"]["maximum"] == pytest.approx(max(durations), abs=1)
    assert sum(point["value"] for point in after["Invocations"]["points"]) == len(durations)


def test_metrics_have_stable_keys(live: Clone) -> None:
    """Of the whole, of a widget, of a metric."""
    found = live.read("metrics", "--since", "10m", "--period", "5m")
    assert {"since", "period", "widgets"} <= set(found)
    assert found["period"] == 300
    titles = [widget["title"] for widget in found["widgets"]]
    assert titles == ["Invocations & Errors", "Duration", "Throttles & ConcurrentExecutions"]
    metric = found["widgets"][1]["metrics"][0]
    assert {"namespace", "name", "unit", "sum", "average", "minimum"} <= set(metric)
    assert {"maximum", "p95", "p99", "last", "points"} <= set(metric)
    assert (metric["namespace"], metric["name"]) == ("AWS/Lambda", "Duration")
    assert metric["unit"] == "Milliseconds"


def test_what_someone_made_of_the_dashboard_is_evaluated(
    live: Clone, dashboard: Callable[[Any], None]
) -> None:
    """Metric math over a hidden metric, and a search."""
    search = f"SEARCH('{{AWS/Lambda,FunctionName}} Errors {FUNCTION}', 'Sum', 60)"
    function = ("FunctionName", FUNCTION)
    rows = [
        ["AWS/Lambda", "Invocations", *function, {"id": "m1", "stat": "Sum", "visible": False}],
        [".", "Errors", ".", ".", {"id": "m2", "stat": "Sum", "visible": False}],
        [{"expression": "100 * m2 / m1", "label": "error rate", "id": "e1"}],
        [{"expression": "SUM(METRICS())", "label": "both", "id": "e2"}],
        [{"expression": search, "id": "e3"}],
    ]
    properties = {"title": "Rates", "region": "eu-west-3", "period": 60, "metrics": rows}
    plain = numbers(live)
    dashboard({"widgets": [{"type": "metric", "properties": properties}]})
    found = numbers(live)
    assert set(found) == {"error rate", "both", "Errors"}
    assert found["Errors"]["sum"] == plain["Errors"]["sum"] > 0
    assert found["both"]["sum"] == plain["Errors"]["sum"] + plain["Invocations"]["sum"]
    assert 0 < found["error rate"]["maximum"] <= 100


def test_missing_dashboard_is_an_error(
    live: Clone, aws: Callable[[str], Any], dashboard: Callable[[Any], None]
) -> None:
    """For the numbers and for the picture."""
    aws("cloudwatch").delete_dashboards(DashboardNames=[DASHBOARD])
    for command in (["metrics"], ["dashboard", "--png", "x.png"]):
        failed = live.run(*command, "--output", "json")
        error = json.loads(failed.stderr)["error"]
        assert (failed.returncode, error["code"]) == (1, "dashboard-missing")
        assert error["hint"].endswith(": tt-ops --target local deploy")


def test_target_without_images_proposes_the_page(live: Clone, tmp_path: Path) -> None:
    """The emulator does not draw."""
    failed = live.run("dashboard", "--png", str(tmp_path / "x.png"), "--output", "json")
    assert json.loads(failed.stderr)["error"]["code"] == "widget-image-unavailable"
    assert list(tmp_path.iterdir()) == []


def test_console_opens_in_the_browser(live: Clone, tmp_path: Path) -> None:
    """The one that BROWSER names; without a display its address is printed."""
    browser, shown = tmp_path / "browser", tmp_path / "shown"
    browser.write_text(f'#!/bin/sh\necho "$1" > {shown}\n')
    browser.chmod(0o755)
    opened = live.read("dashboard", "--console", BROWSER=str(browser))
    assert opened["opened"]
    assert opened["url"].endswith("/_tt-ops/")
    assert shown.read_text().strip() == opened["url"]
    blind = live.read("dashboard", "--console", BROWSER="", DISPLAY="", WAYLAND_DISPLAY="")
    assert (blind["opened"], blind["url"]) == (False, opened["url"])
