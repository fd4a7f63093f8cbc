"""What was consumed, and what it costs, as text."""

from __future__ import annotations

from tasktracker_ops.models.costs import Cost, CostReport

from .columns import Column, fit
from .results import problem_text, text
from .screen import Screen
from .text import pairs


@text.register
def _(result: CostReport, screen: Screen) -> str:
    rows = result.costs
    columns = [
        Column("", [row.label for row in rows], weight=6),
        Column("used", [_amount(row.quantity) for row in rows], weight=4, right=True),
        Column("unit", [row.unit for row in rows], weight=3),
        Column("free", [*map(_free, rows)], weight=1, right=True),
        Column("price", [*map(_price, rows)], weight=2, right=True),
        Column("cost", [_dollars(row.cost) for row in rows], weight=5, right=True),
    ]
    parts = [
        f"{result.region}, {result.since[:16]} to {result.until[:16]} UTC"
        + (": figures of the emulator; AWS bills nothing of it" if result.emulated else ""),
        fit(columns, screen.columns),
        pairs(
            {
                "at list prices": _dollars(result.total),
                "above what is free": _dollars(result.total_above_free),
                **{
                    each.label: f"{_amount(each.used)} of {_amount(each.quota)}"
                    for each in result.quotas
                },
            }
        ),
    ]
    sources = dict.fromkeys(f"{row.source} ({row.date})" for row in result.costs if row.source)
    if sources and screen.verbose:
        parts.append("\n".join(["Prices:", *sources]))
    if result.problem:
        parts.append(problem_text(result.problem, screen))
    return "\n\n".join(parts)


def _amount(value: float | None) -> str:
    if value is None:
        return "-"
    if value and value < 0.001:
        return "< 0.001"
    return f"{value:,.3f}".rstrip("0").rstrip(".")


def _free(row: Cost) -> str:
    return _amount(row.free) if row.free else ""


def _price(row: Cost) -> str:
    if row.price is None:
        return "-"
    price = f"${row.price:.10f}".rstrip("0").rstrip(".")
    return f"{price} / {row.price_per:,.0f}" if row.price_per > 1 else price


def _dollars(value: float | None) -> str:
    if value is None:
        return "-"
    return f"${value:,.2f}" if value >= 0.005 or not value else "< $0.01"
