"""Results as CSV (RFC 4180), for spreadsheets; programs are better served with JSON."""

from __future__ import annotations

import csv
import sys
from dataclasses import fields

from tasktracker_ops.models.task import Task, TaskList

from .text import escape_control_characters

# A spreadsheet runs a cell that begins like this (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")


class _Lines(list[str]):
    """What csv writes to: a line for each call."""

    def write(self, line: str) -> None:
        """Append a line."""
        self.append(line)


def as_csv(result: TaskList) -> str:
    """Return a line of names and one per task; an apostrophe precedes what looks like a formula."""
    names = [field.name for field in fields(Task)]
    lines = _Lines()
    # csv quotes a cell for the line end that it writes itself, which is removed below.
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([_cell(getattr(task, name)) for name in names] for task in result.tasks)
    text = "\n".join(line.removesuffix("\r\n") for line in lines)
    return escape_control_characters(text, keep="\n") if sys.stdout.isatty() else text


def _cell(value: str | int | None) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
