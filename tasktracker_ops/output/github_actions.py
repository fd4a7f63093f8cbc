"""What GitHub's runner reads in a job's log: groups, annotations, and what must be neither.

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

# The runner obeys `::name …::` at the beginning of a line, white space aside, and `##[name …]`
# wherever it stands.
_AT_BEGINNING = re.compile(r"(^|[\r\n])([^\S\r\n]*):(?=:)")
_ANYWHERE = re.compile(r"##(?=\[)")


def escape_workflow_commands(text: str) -> str:
    """The text with nothing in it that the runner would take for a command, and no colours.

    What would be one shows as `\\x3a:…` or `#\\x23[…`.
    """
    text = _AT_BEGINNING.sub(r"\1\2\\x3a", click.unstyle(text))
    return _ANYWHERE.sub(r"#\\x23", text)


def command(name: str, message: str = "", **properties: str | int | None) -> str:
    """A workflow command; its message may have lines, properties that are None are left out."""
    given = [f"{key}={_property(str(value))}" for key, value in properties.items() if value]
    return f"::{' '.join([name, ','.join(given)]).rstrip()}::{_data(message)}"


def annotation(
    kind: str,
    message: str,
    title: str | None = None,
    finding: Finding | None = None,
    workspace: str | None = None,
) -> str:
    """An annotation; `kind` is error, warning or notice. A finding shows it at its line.

    `workspace` is where the runner has checked out, for files that are in no git repository.
    """
    if finding is None:
        return command(kind, message, title=title)
    file = in_repository(finding.file, workspace)
    return command(kind, message, title=title, file=file, line=finding.line)


def in_repository(file: Path, workspace: str | None = None) -> str:
    """The file's path as GitHub knows it, from the root of its repository; else the whole path."""
    path = file.resolve()
    root = next((folder for folder in path.parents if (folder / ".git").exists()), None)
    if root is None and workspace:
        root = Path(workspace).resolve()
    return path.relative_to(root).as_posix() if root and path.is_relative_to(root) else str(path)


def _data(text: str) -> str:
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    # Where commands are stopped, the runner takes the line for a text like any other.
    return _ANYWHERE.sub(r"#\\x23", escaped)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


class Groups:
    """Foldable parts of a log. A group begins with its first line, and never inside another."""

    def __init__(self, write: Callable[[str], None]) -> None:
        """`write` puts a command into the log."""
        self._write = write
        self._title = ""
        self._inside = False

    def prepare(self, title: str) -> None:
        """End the group there is; the next line begins one."""
        self.end()
        self._title = title

    def begin(self) -> None:
        """A line comes."""
        if self._title:
            self._write(command("group", self._title))
            self._title, self._inside = "", True

    def end(self) -> None:
        """What comes belongs to no group."""
        self._title = ""
        if self._inside:
            self._inside = False
            self._write(command("endgroup"))


class Annotations:
    """What GitHub shows beside the log, on the run's page and in the diff of a pull request."""

    def __init__(self, write: Callable[[str], None], workspace: str | None) -> None:
        """`write` puts a command into the log; `workspace` is as for `annotation`."""
        self._write = write
        self._workspace = workspace

    def problem(self, kind: str, problem: Problem, findings: Sequence[Finding] = ()) -> None:
        """A problem at the first of its findings, the others by themselves."""
        told = [f"{problem.message}\n{problem.hint}", *(each.message for each in findings[1:])]
        for message, finding in zip_longest(told, findings):
            shown = escape_control_characters(message, keep="\n")
            self._write(annotation(kind, shown, problem.code, finding, self._workspace))

    def result(self, result: Any, hint: Callable[[str], str]) -> None:
        """What a result tells of; a service that is not well is an error.

        `hint` leads the hints of problems to where the run went.
        """
        if getattr(result, "public", False):
            from .deployment import PUBLIC

            self._write(annotation("notice", PUBLIC, "api-public"))
        kind = "warning" if getattr(result, "healthy", True) else "error"
        for problem in getattr(result, "problems", ()):
            self.problem(kind, Problem(problem.code, problem.message, hint(problem.hint)))

    def warning(self, message: str, findings: Sequence[Finding]) -> None:
        """A warning of Terraform's, at the first of its findings."""
        finding = findings[0] if findings else None
        self._write(annotation("warning", message, "Terraform", finding, self._workspace))


def in_ci(environ: Mapping[str, str]) -> bool:
    """Whether a CI runs this: nearly all of them set `CI`."""
    return environ.get("CI", "").lower() in {"true", "1"} or is_runner(environ)


def is_runner(environ: Mapping[str, str]) -> bool:
    """Whether GitHub Actions, or what does as it does, reads what is printed."""
    return environ.get("GITHUB_ACTIONS") == "true"
