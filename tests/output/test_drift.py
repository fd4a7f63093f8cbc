"""Drift, as text, JSON and Markdown."""

from __future__ import annotations

from collections.abc import Callable

from tasktracker_ops.errors import Problem
from tasktracker_ops.models.drift import Drift, DriftReport
from tasktracker_ops.models.plan import AttributeChange

FIX = "deploy it away: tt-ops drift --fix"
BOARD, ALARM = "aws_cloudwatch_dashboard.tracker", "aws_cloudwatch_metric_alarm.errors"
REPORT = DriftReport(
    (
        Drift("resource-changed", BOARD, f"{BOARD} was changed", FIX, (AttributeChange("body"),)),
        Drift(
            "resource-changed",
            ALARM,
            f"{ALARM} was changed",
            FIX,
            (AttributeChange("actions_enabled", "true", "false"),),
        ),
        Drift("alarm-muted", "A", "A is muted by '\x1b`x`'", "end it: aws cloudwatch delete"),
    ),
    problems=(Problem("mute-rules-unknown", "unknown", "see: tt-ops alarms"),),
)


def test_drift_names_each_command_once(show: Callable[..., str]) -> None:
    """What one command fixes stands together."""
    assert show(REPORT).splitlines() == [
        f"! {BOARD} was changed",
        "    body",
        f"! {ALARM} was changed",
        "    actions_enabled: true → false",
        "  deploy it away: tt-ops drift --fix",
        "",
        "! A is muted by '\\x1b`x`'",
        "  end it: aws cloudwatch delete",
        "",
        "! unknown",
        "  see: tt-ops alarms",
        "",
        "Drift: 3 differences.",
    ]


def test_what_was_fixed_is_named(show: Callable[..., str]) -> None:
    """Nothing else is left then."""
    assert show(DriftReport((), REPORT.drift[:2])).splitlines() == [
        f"Fixed: {BOARD}, {ALARM}.",
        "",
        "No drift: everything is as it was deployed.",
    ]


def test_drift_is_a_list_in_markdown(show: Callable[..., str]) -> None:
    """Names and values from outside stand in code."""
    text = show(REPORT, output="markdown")
    assert text.startswith("### Drift of `default`: 3 differences\n\n")
    assert f"- `{ALARM} was changed`: `actions_enabled` `true` → `false`\n" in text
    assert "  Deploy it away: `tt-ops drift --fix`\n" in text
    assert "- ``A is muted by '\\x1b`x`'``\n" in text
    none = show(DriftReport(()), output="markdown")
    assert none == "### Drift of `default`: none\n\nEverything is as it was deployed.\n"
