"""What texts need to know of the run: where it went, and how wide the screen is."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tasktracker_ops.settings import Settings

from .redaction import Redaction
from .streams import can_ask


class Screen:
    """Where texts are shown; commands in them go to the target of this run."""

    def __init__(
        self,
        settings: Settings,
        typed: Mapping[str, Any],
        arguments: Sequence[str] = (),
        redaction: Redaction | None = None,
        destinations: Callable[[str], Iterable[str]] = lambda command: (),
    ) -> None:
        """`typed` are the options on the command line, by the names of their settings.

        `arguments` are all of the command line, `destinations` returns the options of a command
        that say where it goes.
        """
        self.env = settings.env
        self._redaction = redaction or Redaction(settings, typed)
        self._arguments = arguments
        self._destinations = destinations
        self._can_ask = can_ask() and not settings.quiet
        self._where = {
            "--project-dir": typed.get("project_dir"),
            "--target": None if settings.target == "aws" else settings.target,
            "--profile": settings.profile,
            "--region": settings.region,
        }
        self._typed = {f"--{name.replace('_', '-')}": value for name, value in typed.items()}

    @property
    def columns(self) -> int | None:
        """The terminal's width, None where results go to no terminal."""
        return shutil.get_terminal_size().columns if sys.stdout.isatty() else None

    def hint(self, hint: str) -> str:
        """Return the hint with a command that goes where this run went: the same target.

        `…` stands for what was typed, without the settings that the command itself gives.
        """
        reason, colon, command = hint.rpartition(": ")
        program, _, rest = command.partition(" ")
        if program != "tt-ops":
            return hint
        before, same, after = f" {rest}".partition(" …")
        if same:
            typed = self._redaction.command(self._typed_without(rest.split()))
            return f"{reason}{colon}{program}{before}{typed and f' {typed}'}{after}"
        return f"{reason}{colon}{self.command(rest)}"

    def _typed_without(self, given: Sequence[str]) -> list[str]:
        """Return the arguments that were typed, without the settings among `given`."""
        replaced = set(given) & set(self._typed)
        words, skip = [], False
        for word in self._arguments:
            name, equals, _ = word.partition("=")
            if not (skip or name in replaced):
                words.append(word)
            skip = not skip and name in replaced and not equals
        return words

    def command(self, rest: str) -> str:
        """Return a command that goes to the target of this run; `rest` is without `tt-ops`."""
        name, _, arguments = rest.partition(" ")
        where = self._where if name != "local" else {**self._where, "--target": None}
        own = {option: self._typed.get(option) for option in self._destinations(name)}
        words = ["tt-ops", *self._missing(where, rest), name]
        words += [*self._missing(own, rest), arguments]
        if name == "unlock" and not self._can_ask:
            words.append("--yes")  # it would only say that there is nobody to ask
        return " ".join(word for word in words if word)

    def _missing(self, options: Mapping[str, str | None], line: str) -> list[str]:
        """Return the options that `line` does not have yet, as words to type."""
        there = line.split()
        given = [(name, value) for name, value in options.items() if value and name not in there]
        return [word for o, v in given for word in (o, self._redaction.argument(o, v))]
