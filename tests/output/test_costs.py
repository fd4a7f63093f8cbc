"""Costs as a table: what has no figure or price is a hyphen, small amounts are no zero."""

from __future__ import annotations

from dataclasses import replace

from tasktracker_ops.errors import Problem
from tasktracker_ops.models.costs import Cost, CostReport, Quota
from tasktracker_ops.output.results import text
from tasktracker_ops.output.screen import Screen
from tasktracker_ops.settings import Settings

ROW = Cost("alarms", "Alarms", 2, "alarms", 10, 0.1, 1, 0.2, 0, "https://x", "2026-01-31")
REPORT = CostReport(
    region="eu-west-3",
    since="2026-01-01T00:00:00.000Z",
    until="2026-01-31T00:00:00.000Z",
    currency="USD",
    emulated=False,
    costs=(
        ROW,
        replace(ROW, label="Requests", quantity=12345.0, price_per=1_000_000, cost=0.001),
        replace(ROW, label="Unknown", quantity=None, price=None, cost=None, source=None),
    ),
    total=0.201,
    total_above_free=0.0,
    quotas=(Quota("At once", 3, 1000, "invocations"),),
)


def test_costs_are_a_table() -> None:
    """With both sums and the quota."""
    lines = text(REPORT, Screen(Settings(), {})).splitlines()
    cells = {line.split("  ")[0]: line.split() for line in lines}
    assert cells["Alarms"][-2:] == ["$0.1", "$0.20"]
    assert cells["Requests"][-5:] == ["$0.1", "/", "1,000,000", "<", "$0.01"]
    assert cells["Unknown"][1] == cells["Unknown"][-1] == "-"
    assert cells["at list prices"][-1] == "$0.20"
    assert lines[-1].split() == ["At", "once", "3", "of", "1,000"]


def test_a_missing_price_is_named_last() -> None:
    """With what to type; on the emulator, the first line says whose figures these are."""
    problem = Problem("prices-missing", "no price is known", "give it: tt-ops costs --prices FILE")
    shown = text(replace(REPORT, problem=problem, emulated=True), Screen(Settings(), {}))
    assert "figures of the emulator" in shown.splitlines()[0]
    assert shown.endswith("tt-ops costs --prices FILE")
