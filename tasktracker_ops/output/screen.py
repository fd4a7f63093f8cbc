"""What a text has to know of the run that it is for: where it went, and how wide the screen is."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from tasktracker_ops.errors import SAME_COMMAND
from tasktracker_ops.settings import Settings

from .redaction import Redaction

# Which of a command's own options say where it goes.
_BACKEND = ("--state-bucket", "--lock-table")
_OPTIONS = {
    **dict.fromkeys(("bootstrap", "plan", "deploy", "unlock", "destroy"), _BACKEND),
    "tasks": ("--api-url",),
}


class Screen:
    """Where texts are shown: commands in them lead to where this run went."""

    def __init__(
        self,
        settings: Settings,
        typed: Mapping[str, Any],
        arguments: Sequence[str] = (),
        redaction: Redaction | None = None,
    ) -> None:
        """`typed` are the options on the command line, by the names of their settings.

        `arguments` are all of the command line.
        """
        self.env = settings.env
        self._redaction = redaction or Redaction(settings, typed)
        self._same = self._redaction.command(["tt-ops", *arguments])
        self._where = {
            "--project-dir": typed.get("project_dir"),
            "--target": None if settings.target == "aws" else settings.target,
            "--profile": settings.profile,
            "--region": settings.region,
        }
        self._typed = {f"--{name.replace('_', '-')}": value for name, value in typed.items()}

    @property
    def columns(self) -> int | None:
        """The terminal's width; None where results go to no terminal."""
        return shutil.get_terminal_size().columns if sys.stdout.isatty() else None

    def hint(self, hint: str) -> str:
        """The hint, its command sent to where this run went: from the sandbox to no account."""
        reason, colon, command = hint.rpartition(": ")
        if command.startswith(SAME_COMMAND):
            return f"{reason}{colon}{self._same}{command.removeprefix(SAME_COMMAND)}"
        program, _, rest = command.partition(" ")
        return f"{reason}{colon}{self.command(rest)}" if program == "tt-ops" else hint

    def command(self, rest: str) -> str:
        """A command line of ours that goes to where this run went; `rest` is without `tt-ops`."""
        name, _, arguments = rest.partition(" ")
        where = self._where if name != "local" else {**self._where, "--target": None}
        own = {option: self._typed.get(option) for option in _OPTIONS.get(name, ())}
        words = ["tt-ops", *self._missing(where, rest), name]
        words += [*self._missing(own, rest), arguments]
        return " ".join(word for word in words if word)

    def _missing(self, options: Mapping[str, str | None], line: str) -> list[str]:
        """The options, as words to type, that a command line does not have yet."""
        there = line.split()
        given = [(name, value) for name, value in options.items() if value and name not in there]
        return [word for o, v in given for word in (o, self._redaction.argument(o, v))]
