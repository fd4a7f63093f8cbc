"""A diagnosis as text: one line for each check, and its fix below it."""

from __future__ import annotations

from collections.abc import Iterator

from tasktracker_ops.models.doctor import STATES, Check, Diagnosis

from .results import summary_title, text
from .screen import Screen
from .text import escape_control_characters, hang, state

_GAP = 2
_NBSP = "\N{NO-BREAK SPACE}"


@text.register
@summary_title("Doctor")
def _(result: Diagnosis, screen: Screen) -> str:
    width = max(len(check.name) for check in result.checks)
    lines = [line for check in result.checks for line in _lines(check, width, screen)]
    return "\n".join([*lines, "", _summary(result)])


def _lines(check: Check, width: int, screen: Screen) -> Iterator[str]:
    # The time is not wrapped.
    took = f" ({check.seconds:.1f}{_NBSP}s)" if check.seconds >= 0.05 else ""
    room = None if screen.columns is None else screen.columns - width - _GAP
    wrapped = hang(state(check.state, f"{check.detail}{took}"), room).replace(_NBSP, " ")
    first, *more = wrapped.splitlines()
    yield f"{check.name:<{width}}  {first}"
    # A command is copied: it stays on one line.
    fix = [] if check.fix is None else [escape_control_characters(screen.hint(check.fix))]
    yield from (f"{'':<{width}}  {line}" for line in (*more, *fix))


def _summary(result: Diagnosis) -> str:
    states = [check.state for check in result.checks]
    counts = ", ".join(f"{states.count(each)} {each}" for each in STATES if each in states)
    return f"{counts}, in {result.seconds:.1f} s."
