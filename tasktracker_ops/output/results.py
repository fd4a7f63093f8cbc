"""The registry of renderers: results as text, by type."""

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

    Results of `models/SUBJECT.py` are rendered by `output/SUBJECT.py`, which is imported on demand.
    """
    return renderer(type(result))(result, screen)


def renderer(result_type: type) -> Callable[[Any, Screen], str]:
    """Return the renderer of a type of results. Raises TypeError if there is none."""
    fallback = text.dispatch(object)
    if text.dispatch(result_type) is fallback:
        import_module(f".{result_type.__module__.rpartition('.')[2]}", __package__)
    if (render := text.dispatch(result_type)) is fallback:
        raise TypeError(f"{result_type.__name__} has no renderer in {__package__}")
    return render


def summary_title(title: str) -> Callable[[F], F]:
    """Show a renderer's results under `title` on the summary page of a GitHub job."""

    def mark(render: F) -> F:
        render.summary_title = title  # type: ignore[attr-defined]  # functions take attributes
        return render

    return mark


def problem_text(problem: Problem, screen: Screen) -> str:
    """Return a problem as text: what is wrong, and what to type."""
    sign = click.style("!", fg="yellow", bold=True)
    message, hint = map(escape_control_characters, (problem.message, screen.hint(problem.hint)))
    return f"{sign} {message}\n  {hint}"
