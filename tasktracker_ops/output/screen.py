"""What renderers need to know about the run: its target, and the width of the terminal."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tasktracker_ops.settings import Settings
from tasktracker_ops.settings_file import CONFIGURATION_FILE

from .redaction import Redaction
from .streams import can_ask


class Screen:
    """The terminal that shows a text; commands in it repeat target and environment."""

    def __init__(
        self,
        settings: Settings,
        flags: Mapping[str, Any],
        arguments: Sequence[str] = (),
        redaction: Redaction | None = None,
        destinations: Callable[[str], Iterable[str]] = lambda command: (),
    ) -> None:
        """Create a screen; `flags` are the settings on the command line, by name.

        `arguments` are the whole command line, `destinations` returns those options of a command
        that commands in hints repeat.
        """
        self.env = settings.env
        self.verbose = settings.verbose
        self._redaction = redaction or Redaction(settings, flags)
        self._arguments = arguments
        self._destinations = destinations
        self._can_ask = can_ask() and not settings.quiet
        self._target_options = {
            "--project-dir": flags.get("project_dir"),
            "--target": _target(settings, flags),
            "--profile": settings.profile,
            "--region": settings.region,
            "--env": None if settings.env == "default" else settings.env,
        }
        self._flags = {f"--{name.replace('_', '-')}": value for name, value in flags.items()}

    @property
    def columns(self) -> int | None:
        """The terminal's width; None if stdout is not a terminal."""
        return shutil.get_terminal_size().columns if sys.stdout.isatty() else None

    def hint(self, hint: str) -> str:
        """Return the hint; if it ends with a command of tt-ops, with the target of this run.

        `…` stands for the arguments of this run, without the options that the hint sets.
        """
        reason, colon, command = hint.rpartition(": ")
        program, _, rest = command.partition(" ")
        if program != "tt-ops":
            return hint
        before, ellipsis, after = f" {rest}".partition(" …")
        if ellipsis:
            arguments = self._redaction.command(self._arguments_without(rest.split()))
            return f"{reason}{colon}{program}{before}{arguments and f' {arguments}'}{after}"
        return f"{reason}{colon}{self.command(rest)}"

    def _arguments_without(self, options: Sequence[str]) -> list[str]:
        """Return the arguments of this run, without the settings among `options`."""
        replaced = set(options) & set(self._flags)
        words, skip = [], False
        for word in self._arguments:
            name, equals, _ = word.partition("=")
            if not (skip or name in replaced):
                words.append(word)
            skip = not skip and name in replaced and not equals
        return words

    def command(self, rest: str) -> str:
        """Return the command `tt-ops REST` with the target of this run."""
        name, _, arguments = rest.partition(" ")
        target = self._target_options
        if name == "local":
            target = {**target, "--target": None}
        # All environments share the emulator, and they are listed together.
        if name in {"local", "environments"} and arguments.partition(" ")[0] != "confirm":
            target = {**target, "--env": None}
        own = {option: self._flags.get(option) for option in self._destinations(name)}
        words = ["tt-ops", *self._missing(target, rest), name]
        words += [*self._missing(own, rest), arguments]
        if name == "unlock" and not self._can_ask:
            words.append("--yes")  # without a terminal, it is refused otherwise
        return " ".join(word for word in words if word)

    def _missing(self, options: Mapping[str, str | None], line: str) -> list[str]:
        """Return the options that `line` does not have yet, as words."""
        words = line.split()
        added = [(name, value) for name, value in options.items() if value and name not in words]
        return [word for o, v in added for word in (o, self._redaction.argument(o, v))]


def _target(settings: Settings, flags: Mapping[str, Any]) -> str | None:
    """Return the target where a command has to name it; the project's file needs no repetition."""
    if "target" in flags:
        return str(flags["target"])
    in_file = settings.origins.get("target", "").endswith(CONFIGURATION_FILE)
    return None if in_file or settings.target == "aws" else settings.target
