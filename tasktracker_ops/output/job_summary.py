"""A result or an error as Markdown on the summary page of a GitHub job."""

from __future__ import annotations

import os
import re
from typing import Any

import click

from tasktracker_ops.errors import Problem
from tasktracker_ops.models.drift import DriftReport
from tasktracker_ops.models.plan import Plan

from .results import renderer
from .screen import Screen

_LIMIT = 1024 * 1024  # bytes per step
_CUT = "\n\n… cut here: the summary of a step is limited to 1 MiB.\n"


def add_summary(file: str, what: Any, screen: Screen) -> str | None:
    """Append to the summary of a step; return a note if that failed."""
    content = _summary(what, screen)
    if content is None:
        return None
    try:
        _append(file, content)
    except OSError as error:
        return f"The summary of this step was not written to {file!r}: {error.strerror}"
    return None


def _append(file: str, markdown: str) -> None:
    """Append to the existing file as much as the limit allows."""
    # Opening a pipe that nobody reads would block.
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK)
    with open(descriptor, "ab") as summary:
        left = _LIMIT - os.fstat(descriptor).st_size
        content = f"{markdown.rstrip()}\n\n".encode()
        if len(content) > left:
            cut = max(left - len(_CUT.encode()), 0)
            content = content[:cut].rpartition(b"\n")[0] + _CUT.encode()
        if len(content) > left:
            raise OSError(None, "it already has 1 MiB")
        summary.write(content)


def _summary(what: Any, screen: Screen) -> str | None:
    """Return Markdown for a result, or for an error as its `Problem`; None for other results."""
    if isinstance(what, Problem):
        return f"### ❌ Failed: {what.code}\n\n" + _fence(f"{what.message}\n\n{what.hint}")
    if isinstance(what, Plan | DriftReport):
        from .markdown import markdown

        return markdown(what, screen)
    render = renderer(type(what))
    if (title := getattr(render, "summary_title", None)) is not None:
        return f"### {_sign(what)} {title}\n\n" + _fence(click.unstyle(render(what, screen)))
    return None


def _sign(result: Any) -> str:
    """Return a sign for how healthy or complete the result is."""
    if not (getattr(result, "healthy", True) and getattr(result, "complete", True)):
        return "❌"
    return "⚠️" if getattr(result, "problems", ()) else "✅"


def _fence(content: str) -> str:
    """Return the content in a code block that it cannot end."""
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", content))])
    return f"{fence}text\n{content}\n{fence}"
