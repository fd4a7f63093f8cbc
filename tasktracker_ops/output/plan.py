"""A plan as text."""

from __future__ import annotations

from tasktracker_ops.models.plan import Plan, violations

from .code import code_text
from .results import problem_text, text
from .screen import Screen
from .text import change_line, counts


@text.register
def _(result: Plan, screen: Screen) -> str:
    if result.empty:
        return "No changes: the deployment matches the project."
    changes = "\n".join(map(change_line, result.changes))
    problems = [problem_text(problem, screen) for problem in violations(result)]
    infrastructure = [changes] if changes else []
    code = [f"code: {code_text(result.code)}"] if result.code and not result.code.empty else []
    return "\n\n".join([*problems, *infrastructure, *code, f"Plan: {counts(result)}."])
