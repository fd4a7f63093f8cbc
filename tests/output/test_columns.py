"""Tables and pairs that fit a terminal."""

from __future__ import annotations

import click
import pytest

from tasktracker_ops.output.columns import Column, fit, text_width
from tasktracker_ops.output.text import hang, pairs, state

COLUMNS = [
    Column("name", ["a", "bb"], weight=3),
    Column("health", [state("healthy"), state("unhealthy")], weight=2),
    Column("what", ["x" * 60, "題" * 30], weight=4, cuts=True),
]


@pytest.mark.parametrize(
    ("width", "headers"),
    [(80, "name health what"), (40, "name health what"), (30, "name what"), (5, "what")],
)
def test_a_table_fits(width: int, headers: str) -> None:
    """Columns are dropped before the one that is cut has less than 20; the heaviest one stays."""
    head, _, *rows = fit(COLUMNS, width).splitlines()
    assert " ".join(head.split()) == headers
    assert max(text_width(click.unstyle(row)) for row in rows) <= max(width, 20)
    assert all(row.endswith("…") for row in rows) == (width < 80)


def test_without_a_terminal_nothing_is_cut() -> None:
    """What reads it through a pipe gets everything."""
    rows = fit(COLUMNS, None).splitlines()[2:]
    assert [("x" * 60 in row, "題" * 30 in row) for row in rows] == [(True, False), (False, True)]


def test_a_long_state_goes_on_below_its_details() -> None:
    """The colour stays where it was, and words that fit no line stay whole."""
    address = f"https://{'x' * 30}.example.com"
    lines = hang(state("OK", f"in ten milliseconds, at {address}"), 32).splitlines()
    assert lines[0].startswith("\x1b[32m")
    assert [click.unstyle(line) for line in lines] == [
        "OK         in ten milliseconds,",
        "           at",
        f"           {address}",
    ]
    shown = click.unstyle(pairs({"API": state("OK", "one two three four five")}, 26))
    assert shown == "API  OK         one two\n                three four\n                five"
