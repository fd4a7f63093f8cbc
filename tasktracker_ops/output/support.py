"""The archive for somebody who helps, as text."""

from __future__ import annotations

from tasktracker_ops.models.support import SupportPart, SupportResult, Versions

from .results import text
from .screen import Screen
from .text import as_json, escape_control_characters, table


@text.register
def _(result: SupportResult, screen: Screen) -> str:
    rows = [(part.name, f"{part.size:,}", _note(part)) for part in result.parts]
    contents = table(("FILE", "BYTES", ""), rows, right=("BYTES",))
    return (
        f"{contents}\n\nWrote {escape_control_characters(result.file)}, {result.size:,} bytes: "
        "secrets and e-mail addresses are removed; read it before you send it."
    )


@text.register
def _(result: Versions, screen: Screen) -> str:
    return as_json(result)


def _note(part: SupportPart) -> str:
    return f"error: {part.problem.message}" if part.problem else ""
