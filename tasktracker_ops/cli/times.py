"""Times on the command line: durations such as 10m, and moments: how long ago, or a date."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import click

_AGO = re.compile(r"(\d+(?:\.\d+)?) ?([a-z]+)(?: ago)?", re.ASCII)
_LONGEST = 3650 * 86400
_UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86400),
    **dict.fromkeys(("w", "week", "weeks"), 7 * 86400),
}
_FORMS = "10m, 2 hours, 1w, yesterday, 16:20, 2026-01-31 or 2026-01-31T16:20:00Z"


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic in newer clicks only
    """A duration such as 5s, 10m, 3h or 2d, of `minimum` to `maximum` seconds."""

    name = "duration"

    def __init__(self, minimum: float = 0.001, maximum: float = _LONGEST) -> None:
        self._minimum = minimum
        self._maximum = maximum

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return `value` in seconds; a number is taken as seconds."""
        if isinstance(value, float | int):
            return float(value)
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", value.strip(), re.ASCII)
        if match is None:
            self.fail(f"{value!r} is not a duration such as 5s, 10m, 3h or 2d", param, ctx)
        seconds = float(match[1]) * _UNITS[match[2]]
        if seconds < self._minimum:
            self.fail(f"{value!r} is too short: at least {_with_unit(self._minimum)}", param, ctx)
        if seconds > self._maximum:
            self.fail(f"{value!r} is too long: at most {_with_unit(self._maximum)}", param, ctx)
        return seconds


def _with_unit(seconds: float) -> str:
    """Return a duration as it is typed, in the longest unit that it is a multiple of."""
    unit = next((unit for unit in "dhm" if seconds % _UNITS[unit] == 0), "s")
    return f"{seconds / _UNITS[unit]:g}{unit}"


DURATION = Duration()


class Moment(click.ParamType):  # type: ignore[type-arg]  # generic in newer clicks only
    """A moment in the past: seconds ago, or a datetime with a time zone.

    A date or a time without a zone is in UTC, or with --local-time in this machine's zone.
    """

    name = "moment"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | datetime:
        """Return seconds ago, or a datetime with a zone."""
        if isinstance(value, float | int | datetime):
            return value
        text = value.strip().lower()
        if (match := _AGO.fullmatch(text)) and match[2] in _UNITS:
            seconds = float(match[1]) * _UNITS[match[2]]
            if seconds > _LONGEST:
                self.fail(f"{value!r} is too long ago: at most 3650d", param, ctx)
            return seconds
        is_local = ctx is not None and ctx.params.get("local_time")
        now = datetime.now(UTC).astimezone(None if is_local else UTC)
        try:
            return _moment(text.upper(), now)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not a moment such as {_FORMS}", param, ctx)


def _moment(text: str, now: datetime) -> datetime:
    """Return the moment that a text names, in the zone of `now` unless it has one.

    Raises ValueError for what is neither a word, a time nor a date (RFC 3339 or ISO 8601).
    """
    today = now.date()
    if text in {"NOW", "TODAY", "YESTERDAY"}:
        if text == "NOW":
            return now
        return _in_zone(datetime.combine(today - timedelta(days=text == "YESTERDAY"), time()), now)
    if re.match(r"\d\d?:", text):
        clock = time.fromisoformat(text.zfill(len(text) + (text[1] == ":")))
        at = _in_zone(datetime.combine(today, clock), now)
        return at if at <= now else at - timedelta(days=1)
    if "-" not in text:
        raise ValueError(text)
    if len(text) == len("2026-01-31"):
        return _in_zone(datetime.combine(date.fromisoformat(text), time()), now)
    return _in_zone(datetime.fromisoformat(text), now)


def _in_zone(at: datetime, now: datetime) -> datetime:
    if at.tzinfo is not None:
        return at
    # What counts is the zone's offset at that moment.
    return at.replace(tzinfo=UTC) if now.tzinfo is UTC else at.astimezone()


MOMENT = Moment()
