"""What the summary page of a CI job shows of a result or an error, as GitHub's Markdown."""

from __future__ import annotations

import os
import re
from typing import Any

import click

from tasktracker_ops.errors import Problem
from tasktracker_ops.models.plan import Plan

from .results import renderer
from .screen import Screen

_LIMIT = 1024 * 1024  # bytes, all that one step adds
_CUT = "\n\n… cut here: a step's summary holds 1 MiB.\n"


def add_summary(file: str, what: Any, screen: Screen) -> str | None:
    """Append to a step's summary; returns why that cannot be, which is no failure of the step."""
    told = _summary(what, screen)
    if told is None:
        return None
    try:
        _append(file, told)
    except OSError as error:
        return f"{file!r} takes no summary of this step: {error.strerror}"
    return None


def _append(file: str, markdown: str) -> None:
    """Append to the file, which is there, as much as its step may still add."""
    # A pipe that nobody reads would keep us waiting.
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK)
    with open(descriptor, "ab") as summary:
        left = _LIMIT - os.fstat(descriptor).st_size
        content = f"{markdown.rstrip()}\n\n".encode()
        if len(content) > left:
            cut = max(left - len(_CUT.encode()), 0)
            content = content[:cut].rpartition(b"\n")[0] + _CUT.encode()
        if len(content) > left:
            raise OSError(None, "it holds 1 MiB already")
        summary.write(content)


def _summary(what: Any, screen: Screen) -> str | None:
    """Return Markdown for a result, or for an error as its `Problem`; None for other results."""
    if isinstance(what, Problem):
        return f"### ❌ Failed: {what.code}\n\n" + _fenced(f"{what.message}\n\n{what.hint}")
    if isinstance(what, Plan):
        from .markdown import markdown

        return markdown(what, screen)
    render = renderer(type(what))
    if (title := getattr(render, "summary_title", None)) is not None:
        return f"### {_sign(what)} {title}\n\n" + _fenced(click.unstyle(render(what, screen)))
    return None


def _sign(result: Any) -> str:
    """Whether it went well, as far as the result itself knows."""
    if not (getattr(result, "healthy", True) and getattr(result, "complete", True)):
        return "❌"
    return "⚠️" if getattr(result, "problems", ()) else "✅"


def _fenced(content: str) -> str:
    """Lines as they are, in a code block that none of them can end."""
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", content))])
    return f"{fence}text\n{content}\n{fence}"
