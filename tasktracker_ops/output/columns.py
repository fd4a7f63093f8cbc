"""Tables that fit a terminal: one column is cut, and the lightest ones are dropped."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import click

from .text import StyledText, escape_control_characters, table

_GAP = 2  # columns of the terminal between two of the table
_LEAST = 20  # of one that is cut
_HEADER_PADDING = 2  # tabulate's


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; the one of the lowest weight is dropped first, one that `cuts` is cut.

    Cells may have our own colours.
    """

    header: str
    cells: Sequence[Any]
    weight: int
    right: bool = False
    cuts: bool = False

    @property
    def width(self) -> int:
        """Return the width of the widest cell on a terminal, and no less than tabulate makes it."""
        cells = map(escape_control_characters, self.cells)
        return max([len(self.header) + _HEADER_PADDING, *map(text_width, cells)])

    @property
    def least_width(self) -> int:
        """Return the width without which the column is of no use."""
        return min(self.width, _LEAST) if self.cuts else self.width


def fit(columns: Sequence[Column], width: int | None) -> str:
    """Return a table of at most `width` columns of a terminal; None leaves it whole.

    The heaviest column is never dropped.
    """
    shown = [*columns]
    if width is not None:
        shown = _drop(columns, width)
        room = width - sum(each.width + _GAP for each in shown if not each.cuts)
        shown = [_cut(each, max(room, _LEAST)) if each.cuts else each for each in shown]
    rows = zip(*(column.cells for column in shown), strict=True)
    return table(
        [column.header for column in shown],
        rows,
        right=[column.header for column in shown if column.right],
    )


def _drop(columns: Sequence[Column], width: int) -> list[Column]:
    """Return the columns that fit, without the lightest ones."""
    left = [*columns]
    while len(left) > 1 and sum(each.least_width + _GAP for each in left) - _GAP > width:
        left.remove(min(left, key=lambda column: column.weight))
    return left


def _cut(column: Column, width: int) -> Column:
    cells = [cut(escape_control_characters(cell), width) for cell in column.cells]
    return Column(column.header, cells, column.weight, column.right)


def cut(text: str, width: int) -> str:
    """Return a text in at most `width` columns of a terminal; one that is cut ends with `…`."""
    if text_width(text) <= width:
        return text
    ends = accumulate(map(_character_width, text))
    return text[: sum(end < width for end in ends)] + "…"


def text_width(text: str) -> int:
    """Return how many columns of a terminal a text takes; its colours take none."""
    plain = click.unstyle(text) if isinstance(text, StyledText) else text
    return len(plain) if plain.isascii() else sum(map(_character_width, plain))


def _character_width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
