"""Tables that fit a terminal: their lightest columns are dropped, and their last one is cut."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from .text import escape_control_characters, table

_GAP = 2  # columns of the terminal between two of the table
_LEAST = 20  # of the last one
_HEADER_PADDING = 2  # tabulate's


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; the one of the lowest weight is dropped first."""

    header: str
    cells: Sequence[Any]
    weight: int
    right: bool = False

    @property
    def width(self) -> int:
        """Return the width of the widest cell on a terminal, and no less than tabulate makes it."""
        cells = map(escape_control_characters, self.cells)
        return max(len(self.header) + _HEADER_PADDING, *map(text_width, cells))


def fit(columns: Sequence[Column], width: int) -> str:
    """Return a table of at most `width` columns of a terminal, as long as 20 are left to the last.

    The last column is never dropped.
    """
    *others, last = columns
    while others and width - _used(others) < min(_LEAST, last.width):
        others.remove(min(others, key=lambda column: column.weight))
    room = max(width - _used(others), _LEAST)
    cells = [cut(escape_control_characters(cell), room) for cell in last.cells]
    rows = zip(*(column.cells for column in others), cells, strict=True)
    headers = [column.header for column in (*others, last)]
    return table(headers, rows, right=[each.header for each in others if each.right])


def _used(columns: Sequence[Column]) -> int:
    return sum(column.width + _GAP for column in columns)


def cut(text: str, width: int) -> str:
    """Return a text in at most `width` columns of a terminal; one that is cut ends with `…`."""
    if text_width(text) <= width:
        return text
    ends = accumulate(map(_character_width, text))
    return text[: sum(end < width for end in ends)] + "…"


def text_width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return len(text) if text.isascii() else sum(map(_character_width, text))


def _character_width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
