"""Building blocks of all texts: escaped values, pairs, tables, changes, JSON."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tasktracker_ops.models.plan import Plan, ResourceChange

# What a terminal executes instead of showing it: C0 and C1 controls, and changes of direction
# (https://unicode.org/reports/tr9/).
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_SIGNS = {
    "create": ("+", "green"),
    "update": ("~", "yellow"),
    "replace": ("±", "magenta"),
    "delete": ("-", "red"),
    "forget": (".", "red"),
    "move": ("→", "cyan"),
    "import": ("→", "cyan"),
}


# The fields that end with a command to type.
_HINTS = {"hint", "fix"}
_GAP = 2  # between a name and its value
_LEAST_ROOM = 20  # of a value
_STATE_WIDTH = 11  # with the gap after it


class StyledText(str):
    """Text with our own colours, which `escape_control_characters` keeps."""


def escape_control_characters(value: Any, *, keep: str = "") -> str:
    """Return a value as text, with control characters as `\\x1b` and the like."""
    if isinstance(value, StyledText):
        return value
    text = "" if value is None else str(value)
    return _CONTROLS.sub(lambda match: match[0] if match[0] in keep else repr(match[0])[1:-1], text)


def wrap(text: str, width: int | None) -> StyledText:
    """Wrap a text into lines of `width` columns; None leaves it on one line."""
    escaped = escape_control_characters(text)
    if width is None:
        return StyledText(escaped)
    return StyledText(textwrap.fill(escaped, width, break_on_hyphens=False))


def hang(line: str, width: int | None) -> StyledText:
    """Wrap a line; after a state in its colour, the next lines begin below what follows it."""
    plain = click.unstyle(line)
    colors = len(line) - len(plain)
    if width is None or len(plain) <= width:
        return StyledText(line)
    indent = " " * (_STATE_WIDTH if colors else 0)
    first, *rest = textwrap.wrap(
        plain, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    ) or [""]
    # All colours are in the state, at the beginning.
    return StyledText("\n".join([line[: len(first) + colors], *rest]))


def pairs(rows: Mapping[str, Any], width: int | None = None) -> str:
    """Return names and values in two columns; values are wrapped to fit `width`."""
    first = max(map(len, rows), default=0) + _GAP
    room = None if width is None else max(width - first, _LEAST_ROOM)
    lines = []
    for name, value in rows.items():
        cell = escape_control_characters(value, keep="\n")
        wrapped = [
            each
            for line in cell.splitlines() or [""]
            for each in hang(line, room).splitlines() or [""]
        ]
        lines += [
            f"{label:{first}}{each}" for label, each in zip_longest([name], wrapped, fillvalue="")
        ]
    return "\n".join(line.rstrip() for line in lines)


def table(
    headers: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Sequence[str] = ()
) -> str:
    """Return rows in columns below their headers; those in `right` are right-aligned."""
    from tabulate import tabulate

    cells = [[escape_control_characters(cell) for cell in row] for row in rows]
    sides = ["right" if header in right else "left" for header in headers]
    return tabulate(
        cells, headers=headers, tablefmt="simple", disable_numparse=True, colalign=sides
    )


def change_line(change: ResourceChange) -> str:
    """Return the change of a resource, with a coloured sign."""
    sign, color = _SIGNS.get(change.action, ("?", "white"))
    return click.style(f"{sign} {change.action:<8}", fg=color) + change.address


def counts(plan: Plan, *, done: bool = False) -> str:
    """Return how many resources would change, or have changed."""
    words = ("added", "changed", "destroyed") if done else ("to add", "to change", "to destroy")
    numbers = (plan.add, plan.change, plan.destroy)
    text = ", ".join(f"{number} {word}" for number, word in zip(numbers, words, strict=True))
    if plan.code and not plan.code.empty:
        text += ", and a check of the live release" if plan.code.same else ", and a new release"
    imported = sum(change.action == "import" for change in plan.changes)
    return f"{imported} {'imported' if done else 'to import'}, {text}" if imported else text


def as_json(
    value: Any, *, indent: int | None = 2, hint: Callable[[str], str] = lambda hint: hint
) -> str:
    """Return a value as JSON that is safe on a terminal, on one line without `indent`.

    `hint` is `Screen.hint`, for hints and fixes.
    """
    # Control characters are only inside of strings, where an escape means the same.
    text = json.dumps(_plain(value, hint), ensure_ascii=False, indent=indent)
    # So is what GitHub's runner would execute as a command.
    text = text.replace("##[", "#\\u0023[")
    return _CONTROLS.sub(lambda c: c[0] if c[0] == "\n" else f"\\u{ord(c[0]):04x}", text)


def _plain(value: Any, hint: Callable[[str], str]) -> Any:
    """Return what `json` can write: data classes as objects, paths as strings."""
    from tasktracker_ops.models.task import TaskList

    if isinstance(value, TaskList):
        return [_plain(task, hint) for task in value.tasks]
    if is_dataclass(value):
        return {
            f.name: hint(item) if f.name in _HINTS and item else _plain(item, hint)
            for f in fields(value)
            for item in [getattr(value, f.name)]
        }
    if isinstance(value, Mapping):
        return {key: _plain(item, hint) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, hint) for item in value]
    return str(value) if isinstance(value, Path) else value


_COLORS = {
    **dict.fromkeys(("OK", "Active", "confirmed", "free", "healthy", "proven", "ok"), "green"),
    **dict.fromkeys(("ALARM", "DOWN", "Failed", "missing", "failed", "unhealthy"), "red"),
}


def state(word: str, details: str = "") -> StyledText:
    """Return a state in its colour, followed by its details."""
    color = _COLORS.get(word, "yellow")
    word, details = escape_control_characters(word), escape_control_characters(details)
    colored = click.style(word, fg=color, bold=word == "ALARM")
    return StyledText(f"{colored}{' ' * (9 - len(word))}  {details}".rstrip())


def ago(at: str) -> str:
    """Return how long ago a time (RFC 3339) was; any other text is returned as it is."""
    try:
        then = datetime.fromisoformat(at)
    except ValueError:
        return at
    return f"{duration((datetime.now(UTC) - then).total_seconds())} ago"


def left(until: str) -> str:
    """Return how long it is until a time (RFC 3339)."""
    return duration((datetime.fromisoformat(until) - datetime.now(UTC)).total_seconds())


def duration(seconds: float) -> str:
    """Return a time in the unit that it is read in: seconds, minutes, hours or days."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length or (seconds >= length and unit == "min"):
            return f"{seconds // length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
