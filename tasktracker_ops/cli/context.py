"""One run of the CLI: what is created from its command line, and its confirmations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from tasktracker_ops.errors import SAME_COMMAND, ExitCode, TtOpsError
from tasktracker_ops.output.streams import can_ask

if TYPE_CHECKING:
    from tasktracker_ops.app import App
    from tasktracker_ops.output.console import Console
    from tasktracker_ops.settings import Settings


class Destination(click.Option):
    """An option that says what a command works on; commands in hints repeat it."""


class Context:
    """One run of the CLI: the command line, and what is created from it when a command needs it.

    `flags` are the settings on the command line by name, `arguments` the whole command line.
    """

    def __init__(self) -> None:
        self.flags: dict[str, Any] = {}
        self.arguments: Sequence[str] = ()
        self.assume_yes = False
        self.root: click.Group | None = None

    @cached_property
    def settings(self) -> Settings:
        """Return the settings; those on the command line take precedence."""
        from tasktracker_ops.settings import load

        return load(self.flags)

    @cached_property
    def console(self) -> Console:
        """Return what prints results, progress and errors; it works without valid settings too."""
        from tasktracker_ops.output.console import Console
        from tasktracker_ops.settings import load_output_settings

        try:
            settings = self.settings
        except TtOpsError:
            settings = load_output_settings(self.flags)
        return Console(settings, self.flags, self.arguments, self.destinations)

    def destinations(self, command: str) -> list[str]:
        """Return the options of a command that are a Destination."""
        found = self.root.commands.get(command) if self.root else None
        return [p.opts[0] for p in (found.params if found else ()) if isinstance(p, Destination)]

    @cached_property
    def app(self) -> App:
        """Return what workflows work with."""
        from tasktracker_ops.app import App

        return App(self.settings, self.console, self._approve_download)

    def app_of(self, env: str) -> App:
        """Return the same for another environment, with the settings of its own."""
        from tasktracker_ops.app import App
        from tasktracker_ops.settings import load

        return App(load({**self.flags, "env": env}), self.console, self._approve_download)

    @property
    def interactive(self) -> bool:
        """Return whether the user can be asked."""
        return can_ask() and not self.settings.quiet

    def _approve_download(self, question: str) -> bool:
        if self.assume_yes:
            self.console.note(question)
            return True
        return self.interactive and self._ask(question)

    def confirm(self, question: str, *, word: str | None = None, in_advance: str = "--yes") -> None:
        """Ask for confirmation; `word` has to be typed if there is one.

        `in_advance` is the option that agrees in advance; if it is --yes, and was given, nothing is
        asked. Raises TtOpsError `confirmation-needed` without a terminal, `not-confirmed` for a no.
        """
        if self.assume_yes and in_advance == "--yes":
            return
        path = click.get_current_context().command_path
        if not self.interactive:
            raise TtOpsError(
                "confirmation-needed",
                f"{path!r} needs a confirmation, and there is no terminal to ask on",
                hint=f"confirm in advance: {SAME_COMMAND} {in_advance}",
                exit_code=ExitCode.USAGE,
            )
        if not self._ask(question, word):
            raise TtOpsError(
                "not-confirmed",
                "not confirmed; nothing was changed",
                hint=f"try again: {SAME_COMMAND}",
            )

    def _ask(self, question: str, word: str | None = None) -> bool:
        self.console.end_group()
        question = self.console.redaction(question)
        try:
            if word is None:
                return click.confirm(question, err=True)
            return bool(click.prompt(question, err=True, default="", show_default=False) == word)
        except click.Abort:
            click.echo(err=True)  # end the question's line
            raise


pass_context = click.make_pass_decorator(Context)


@contextmanager
def exit_on_interrupt() -> Iterator[None]:
    """Exit 130 without an error on Ctrl-C, which is how a command without an end is ended."""
    try:
        yield
    except KeyboardInterrupt:
        click.get_current_context().exit(ExitCode.INTERRUPTED)
