"""GitHub's workflow commands in a job's log: groups, annotations, and how to escape them.

Rules: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands, and
the runner's own `ActionCommand.cs` (https://github.com/actions/runner).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import click

from tasktracker_ops.errors import Finding, Problem

from .text import escape_control_characters

# The runner executes `::name …::` at the beginning of a line, after any white space, and
# `##[name …]` anywhere.
_AT_BEGINNING = re.compile(r"(^|[\r\n])([^\S\r\n]*):(?=:)")
_ANYWHERE = re.compile(r"##(?=\[)")


def escape_workflow_commands(text: str) -> str:
    """Return the text without colours, and with workflow commands as `\\x3a:…` and `#\\x23[…`."""
    text = _AT_BEGINNING.sub(r"\1\2\\x3a", click.unstyle(text))
    return _ANYWHERE.sub(r"#\\x23", text)


def command(name: str, message: str = "", **properties: str | int | None) -> str:
    """Return a workflow command; properties that are None are left out."""
    given = [f"{key}={_property(str(value))}" for key, value in properties.items() if value]
    return f"::{' '.join([name, ','.join(given)]).rstrip()}::{_data(message)}"


def annotation(
    kind: str,
    message: str,
    title: str | None = None,
    finding: Finding | None = None,
    workspace: str | None = None,
) -> str:
    """Return an annotation, at the line of its finding; `kind` is error, warning or notice.

    `workspace` is the runner's checkout, for files outside of a git repository.
    """
    if finding is None:
        return command(kind, message, title=title)
    file = in_repository(finding.file, workspace)
    return command(kind, message, title=title, file=file, line=finding.line)


def in_repository(file: Path, workspace: str | None = None) -> str:
    """Return the path relative to the root of its repository; without one, the whole path."""
    path = file.resolve()
    root = next((folder for folder in path.parents if (folder / ".git").exists()), None)
    if root is None and workspace:
        root = Path(workspace).resolve()
    return path.relative_to(root).as_posix() if root and path.is_relative_to(root) else str(path)


def _data(text: str) -> str:
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    # After ::stop-commands:: the runner would execute this in a message.
    return _ANYWHERE.sub(r"#\\x23", escaped)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


class Groups:
    """Foldable groups of log lines, never nested, never empty."""

    def __init__(self, write: Callable[[str], None]) -> None:
        """Create the groups; `write` prints a workflow command."""
        self._write = write
        self._title = ""
        self._inside = False

    def prepare(self, title: str) -> None:
        """End the current group, and begin one with the next line."""
        self.end()
        self._title = title

    def begin(self) -> None:
        """Begin the prepared group, before a line is printed."""
        if self._title:
            self._write(command("group", self._title))
            self._title, self._inside = "", True

    def end(self) -> None:
        """End the current group, if there is one."""
        self._title = ""
        if self._inside:
            self._inside = False
            self._write(command("endgroup"))


class Annotations:
    """Annotations, which GitHub shows on the run's page and in the diff of a pull request."""

    def __init__(self, write: Callable[[str], None], workspace: str | None) -> None:
        """Create them; `write` prints a workflow command, `workspace` is as for `annotation`."""
        self._write = write
        self._workspace = workspace

    def problem(self, kind: str, problem: Problem, findings: Sequence[Finding] = ()) -> None:
        """Annotate the first finding with the problem, and each other with its own message."""
        messages = [f"{problem.message}\n{problem.hint}", *(each.message for each in findings[1:])]
        for message, finding in zip_longest(messages, findings):
            text = escape_control_characters(message, keep="\n")
            self._write(annotation(kind, text, problem.code, finding, self._workspace))

    def result(self, result: Any, hint: Callable[[str], str]) -> None:
        """Annotate the problems of a result, as errors if it is unhealthy, else as warnings.

        `hint` is `Screen.hint`.
        """
        if getattr(result, "public", False):
            from .deployment import PUBLIC

            self._write(annotation("notice", PUBLIC, "api-public"))
        kind = "warning" if getattr(result, "healthy", True) else "error"
        for problem in getattr(result, "problems", ()):
            self.problem(kind, Problem(problem.code, problem.message, hint(problem.hint)))

    def warning(self, message: str, findings: Sequence[Finding]) -> None:
        """Annotate the first finding of a Terraform warning."""
        finding = findings[0] if findings else None
        self._write(annotation("warning", message, "Terraform", finding, self._workspace))


def in_ci(environ: Mapping[str, str]) -> bool:
    """Return whether this runs in CI; nearly all systems set `CI`."""
    return environ.get("CI", "").lower() in {"true", "1"} or is_runner(environ)


def is_runner(environ: Mapping[str, str]) -> bool:
    """Return whether this runs in GitHub Actions or a compatible runner."""
    return environ.get("GITHUB_ACTIONS") == "true"
