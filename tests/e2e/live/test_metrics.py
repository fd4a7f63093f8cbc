"""The metrics of the deployed dashboard, compared with the requests and the function's log."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from tests.e2e.conftest import Clone

FUNCTION = "task-tracker-function"


def numbers(live: Clone, *arguments: str) -> dict[str, Any]:
    """Return the metrics of the deployed dashboard by their labels."""
    widgets = live.read("metrics", *arguments)["widgets"]
    return {metric["label"]: metric for widget in widgets for metric in widget["metrics"]}


def logged_durations(aws: Callable[[str], Any]) -> list[float]:
    """Return the duration in ms of every invocation, from the function's log."""
    pages = (
        aws("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=f"/aws/lambda/{FUNCTION}", filterPattern="REPORT")
    )
    lines = (event["message"] for page in pages for event in page["events"])
    matches = (re.search(r"\tDuration: ([\d.]+) ms", line) for line in lines)
    return [float(match[1]) for match in matches if match]


def test_metrics_match_what_was_sent_and_logged(live: Clone, aws: Callable[[str], Any]) -> None:
    """Of 90 requests and direct invocations, each is counted, and each failure as an error."""
    before = numbers(live)
    api, function = live.read("outputs")["api_url"], aws("lambda")
    for number in range(60):
        if number % 3:
            assert requests.get(f"{api}/tasks", timeout=10).status_code == 200
        else:
            assert requests.get(f"{api}/nothing", timeout=10).status_code == 404
    drills = live.read("trigger-error", "--count", "10")["requests"]
    assert [drill["status"] for drill in drills] == [500] * 10
    failed = len(drills)
    for payload in [b"{}", b"[1]"] * 10:
        failed += "FunctionError" in function.invoke(FunctionName=FUNCTION, Payload=payload)
    after = numbers(live)

    def rise(name: str) -> float:
        return float(after[name]["sum"] - before[name]["sum"])

    assert (rise("Invocations"), rise("Errors")) == (90, failed)
    durations = logged_durations(aws)
    assert len(durations) == after["Invocations"]["sum"]
    p95 = quantiles(durations, n=100, method="inclusive")[94]
    assert after["Duration"]["p95"] == pytest.approx(p95, abs=1)
    assert after["Duration"]["maximum"] == pytest.approx(max(durations), abs=1)
    assert sum(point["value"] for point in after["Invocations"]["points"]) == len(durations)


def test_metrics_are_those_of_the_deployed_dashboard(live: Clone) -> None:
    """It has three widgets; other tools may rely on the keys of their metrics."""
    metrics = live.read("metrics", "--since", "10m", "--period", "5m")
    assert {"since", "period", "widgets"} <= set(metrics)
    assert metrics["period"] == 300
    titles = [widget["title"] for widget in metrics["widgets"]]
    assert titles == ["Invocations & Errors", "Duration", "Throttles & ConcurrentExecutions"]
    metric = metrics["widgets"][1]["metrics"][0]
    assert {"namespace", "name", "unit", "sum", "average", "minimum"} <= set(metric)
    assert {"maximum", "p95", "p99", "last", "points"} <= set(metric)
    assert (metric["namespace"], metric["name"]) == ("AWS/Lambda", "Duration")
    assert metric["unit"] == "Milliseconds"


def test_local_target_draws_no_images(live: Clone, tmp_path: Path) -> None:
    """`dashboard --png` is refused, and writes no file."""
    failed = live.run("dashboard", "--png", str(tmp_path / "x.png"), "--output", "json")
    assert json.loads(failed.stderr)["error"]["code"] == "widget-image-unavailable"
    assert list(tmp_path.iterdir()) == []


def test_console_opens_in_the_browser(live: Clone, tmp_path: Path) -> None:
    """BROWSER names the browser, which gets the address."""
    browser, shown = tmp_path / "browser", tmp_path / "shown"
    browser.write_text(f'#!/bin/sh\necho "$1" > {shown}\n')
    browser.chmod(0o755)
    opened = live.read("dashboard", "--console", BROWSER=str(browser))
    assert opened["opened"]
    assert opened["url"].endswith("/_tt-ops/")
    assert shown.read_text().strip() == opened["url"]
