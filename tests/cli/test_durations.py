"""Durations on the command line: a number and a unit."""

from __future__ import annotations

import click
import pytest

from tasktracker_ops.cli.options import DURATION, Duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5s", 5), ("0.5s", 0.5), ("10m", 600), ("3h", 10800), ("2d", 172800), (" 1m ", 60)],
)
def test_a_duration_is_converted_to_seconds(text: str, seconds: float) -> None:
    """Every unit is converted."""
    assert DURATION.convert(text, None, None) == seconds


def test_a_default_may_be_in_seconds() -> None:
    """click also converts defaults."""
    assert DURATION.convert(900, None, None) == 900


@pytest.mark.parametrize("text", ["", "5", "m", "-5s", "5 m", "5M", "1h30m", "1e3s", "٣s", "nans"])
def test_an_invalid_duration_is_quoted(text: str) -> None:
    """The error has examples of valid durations."""
    with pytest.raises(click.BadParameter, match="5s, 10m, 3h or 2d") as caught:
        DURATION.convert(text, None, None)
    assert repr(text) in caught.value.message


@pytest.mark.parametrize(
    ("kind", "text", "bound"),
    [
        (DURATION, "0s", "at least 0.001s"),
        (Duration(minimum=1), "0.9s", "at least 1s"),
        (DURATION, "3651d", "at most 3650d"),
    ],
)
def test_a_duration_has_bounds(kind: Duration, text: str, bound: str) -> None:
    """Beyond them, a date could not be computed."""
    with pytest.raises(click.BadParameter, match=bound):
        kind.convert(text, None, None)
