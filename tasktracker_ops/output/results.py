"""Results as text, each by the renderer of its type."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from importlib import import_module
from typing import Any, TypeVar

import click

from tasktracker_ops.errors import Problem

from .screen import Screen
from .text import escape_control_characters

F = TypeVar("F", bound=Callable[..., str])


@singledispatch
def text(result: Any, screen: Screen) -> str:
    """Return the result as text for people.

    The renderers of a module of `models` are in the module of the same name here, which is loaded
    when a result of it is shown.
    """
    return renderer(type(result))(result, screen)


def renderer(kind: type) -> Callable[[Any, Screen], str]:
    """Return what renders results of a type. Raises TypeError when nothing does."""
    unknown = text.dispatch(object)
    if text.dispatch(kind) is unknown:
        import_module(f".{kind.__module__.rpartition('.')[2]}", __package__)
    if (found := text.dispatch(kind)) is unknown:
        raise TypeError(f"{kind.__name__} has no renderer in {__package__}")
    return found


def summarised(title: str) -> Callable[[F], F]:
    """Have a renderer's results shown under `title` on the summary page of a CI job."""

    def mark(render: F) -> F:
        render.summary_title = title  # type: ignore[attr-defined]  # functions take attributes
        return render

    return mark


def problem_text(problem: Problem, screen: Screen) -> str:
    """Return a problem of a result as text: what is wrong, and what to type."""
    sign = click.style("!", fg="yellow", bold=True)
    message, hint = map(escape_control_characters, (problem.message, screen.hint(problem.hint)))
    return f"{sign} {message}\n  {hint}"
