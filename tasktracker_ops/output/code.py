"""What a deploy would release, as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import click

from tasktracker_ops.errors import counted
from tasktracker_ops.models.code import CodeChange, SaveResult
from tasktracker_ops.models.release import PROVEN

from .results import text
from .screen import Screen
from .text import escape_control_characters

_MOST_NAMES = 5


def code_text(code: CodeChange, quote: Callable[[str], str] = escape_control_characters) -> str:
    """Return the live release, and what differs: `release 12 (3f2c1a9) → 3 files changed`.

    `quote` shows names of files and settings.
    """
    if code.release is None:
        return f"the first release, {counted(len(code.added), 'file')}"
    commit = f" ({code.commit[:7]})" if code.commit else ""
    live = f"release {code.release}{commit}"
    if code.same:
        return f"{live} is {code.outcome}, and is checked again"
    outcome = "" if code.outcome == PROVEN else f", {code.outcome},"
    return f"{live}{outcome} → {'; '.join(_differences(code, quote))}"


def _differences(code: CodeChange, quote: Callable[[str], str]) -> Iterator[str]:
    if code.files:
        kinds = {"changed": code.changed, "added": code.added, "removed": code.removed}
        counts = [(len(files), kind) for kind, files in kinds.items() if files]
        (first, kind), *more = counts
        text = ", ".join([f"{counted(first, 'file')} {kind}", *(f"{n} {kind}" for n, kind in more)])
        named = len(code.files) <= _MOST_NAMES
        yield text + (f": {', '.join(map(quote, code.files))}" if named else "")
    elif code.other_package:
        yield "another package"
    if code.configuration:
        yield f"another configuration: {', '.join(map(quote, code.configuration))}"


@text.register
def _(result: SaveResult, screen: Screen) -> str:
    """Return one line, with the local time."""
    time = datetime.fromisoformat(result.at).astimezone().strftime("%H:%M:%S")
    files = ", ".join(map(escape_control_characters, result.files))
    saved = f": {files}" if files else ""
    if result.problem:
        sign, what = click.style("✗", fg="red"), escape_control_characters(result.problem.message)
    elif result.release and result.release.changed:
        sign, what = click.style("✓", fg="green"), f"release {result.release.release} is live"
    else:
        release = result.release.release if result.release else None
        return f"{time}  release {release} has this code"
    return f"{time} {sign} {what} ({result.seconds:.2f} s){saved}"
