"""What exists and is in no state, as text."""

from __future__ import annotations

from tasktracker_ops.errors import counted
from tasktracker_ops.models.adoption import AdoptResult

from .results import problem_text, text
from .screen import Screen
from .text import escape_control_characters, table


@text.register
def _(result: AdoptResult, screen: Screen) -> str:
    if result.removed_api:
        return f"Removed the API {escape_control_characters(result.removed_api)}."
    parts = [problem_text(problem, screen) for problem in result.problems]
    if result.resources:
        headers = ("address", "import id", "why it is ours")
        rows = [(each.address, each.id, each.reason) for each in result.resources]
        parts = [table(headers, rows), *parts]
        parts.append(f"The next deploy adopts {counted(len(rows), 'resource')}.")
    return "\n\n".join(parts) or "Nothing to adopt: all that exists is in the state."
