"""Durations on the command line, and moments: seconds ago, or a time in a zone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import click
import pytest

from tasktracker_ops.cli.times import DURATION, MOMENT, Duration


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
        (Duration(minimum=3600), "59m", "at least 1h"),
        (DURATION, "3651d", "at most 3650d"),
    ],
)
def test_a_duration_has_bounds(kind: Duration, text: str, bound: str) -> None:
    """Beyond them, a date could not be computed."""
    with pytest.raises(click.BadParameter, match=bound):
        kind.convert(text, None, None)


@pytest.fixture
def local() -> Iterator[click.Context]:
    """Return the context of a command with --local-time, five and a half hours before UTC."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "XXX-5:30")
        time.tzset()
        context = click.Context(click.Command("logs"))
        context.params["local_time"] = True
        yield context
    time.tzset()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("10m", 600),
        ("2 hours", 7200),
        ("1.5h", 5400),
        ("1w", 604800),
        ("3 Days ago", 259200),
    ],
)
def test_a_number_and_a_unit_are_seconds_ago(text: str, seconds: float) -> None:
    """Units may be written out."""
    assert MOMENT.convert(text, None, None) == seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31", "2026-01-31T00:00:00+00:00"),
        ("2026-01-31 16:20", "2026-01-31T16:20:00+00:00"),
        ("2026-01-31T16:20:00.5Z", "2026-01-31T16:20:00.500000+00:00"),
        ("2026-01-31T16:20:00+02:00", "2026-01-31T16:20:00+02:00"),
    ],
)
def test_a_date_is_in_utc_unless_it_has_a_zone(text: str, expected: str) -> None:
    """RFC 3339, and shorter."""
    assert MOMENT.convert(text, None, None).isoformat() == expected


def test_a_time_and_a_word_are_those_of_the_last_day_or_two() -> None:
    """A time that is still to come is that of yesterday."""
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    assert MOMENT.convert("yesterday", None, None) == midnight - timedelta(days=1)
    assert MOMENT.convert("0:00", None, None) == MOMENT.convert("today", None, None) == midnight
    later = (now + timedelta(minutes=2)).strftime("%H:%M")
    assert timedelta(0) < now - MOMENT.convert(later, None, None) < timedelta(days=1)


def test_local_time_is_that_of_this_machine(local: click.Context) -> None:
    """As the zone was at that moment."""
    found = MOMENT.convert("2026-01-31 16:20", None, local)
    assert found.astimezone(UTC).isoformat() == "2026-01-31T10:50:00+00:00"


@pytest.mark.parametrize(
    "text", ["", "soon", "16", "5", "20260131", "2026-13-01", "25:00", "9999w"]
)
def test_what_is_no_moment_is_quoted(text: str) -> None:
    """The error has examples."""
    with pytest.raises(click.BadParameter) as caught:
        MOMENT.convert(text, None, None)
    assert repr(text) in caught.value.message
