"""A plan as text."""

from __future__ import annotations

from tasktracker_ops.models.plan import Plan, violations

from .results import problem_text, text
from .screen import Screen
from .text import change_line, counts


@text.register
def _(result: Plan, screen: Screen) -> str:
    if result.empty:
        return "No changes: the deployment matches the project."
    changes = "\n".join(map(change_line, result.changes))
    problems = [problem_text(problem, screen) for problem in violations(result)]
    return "\n\n".join([*problems, changes, f"Plan: {counts(result)}."])
