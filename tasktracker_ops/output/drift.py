"""Drift as text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from tasktracker_ops.errors import Problem, counted
from tasktracker_ops.models.drift import Drift, DriftReport
from tasktracker_ops.models.plan import AttributeChange

from .results import problem_text, text
from .screen import Screen
from .text import escape_control_characters


@text.register
def _(result: DriftReport, screen: Screen) -> str:
    parts = []
    if result.fixed:
        names = ", ".join(escape_control_characters(each.name) for each in result.fixed)
        parts.append(f"Fixed: {names}.")
    for hint, drifts in groupby(result.drift, key=lambda each: each.hint):
        parts.append(_group(tuple(drifts), hint, screen))
    parts += [problem_text(problem, screen) for problem in result.problems]
    parts.append(
        f"Drift: {counted(len(result.drift), 'difference')}."
        if result.drift
        else "No drift: everything is as it was deployed."
    )
    return "\n\n".join(parts)


def _group(drifts: tuple[Drift, ...], hint: str, screen: Screen) -> str:
    """Return differences that one command fixes, and that command once."""
    lines = [line for each in drifts for line in _lines(each, screen)]
    return "\n".join([*lines, f"  {escape_control_characters(screen.hint(hint))}"])


def _lines(drift: Drift, screen: Screen) -> Iterator[str]:
    problem = Problem(drift.code, drift.message, "")
    yield problem_text(problem, screen).rstrip()
    for attribute in drift.attributes:
        yield f"    {escape_control_characters(_attribute(attribute))}"


def _attribute(attribute: AttributeChange) -> str:
    if attribute.before == attribute.after:
        return attribute.name + (f" {attribute.after}" if attribute.after else "")
    return f"{attribute.name}: {attribute.before} → {attribute.after}"
