"""The standard streams: can a user be asked, what is printed, and what if one is closed."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress

import click


def can_ask() -> bool:
    """Return whether a user can be asked, and sees stderr, which has the question."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def replace_closed_streams() -> None:
    """Open /dev/null in place of each stream that the caller closed (`2>&-`)."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115  # stays open
            setattr(sys, name, stream)


def discard_broken_streams() -> None:
    """Redirect each stream whose reader has closed it to /dev/null."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), stream.fileno())


class Streams:
    """Prints results on standard output, and everything else on standard error.

    `color` is that of click.echo; `escape` is applied to all texts.
    """

    def __init__(self, color: bool | None, escape: Callable[[str], str]) -> None:
        self._color = color
        self._escape = escape
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")

    def print(self, text: str, *, color: bool | None) -> None:
        """Print a result."""
        click.echo(self._escape(text), color=color)

    def print_error(self, text: str) -> None:
        """Print progress, a note or an error."""
        self.print_command(self._escape(text))

    def print_command(self, command: str) -> None:
        """Print a workflow command of GitHub, which is not escaped."""
        try:
            click.echo(command, err=True, color=self._color)
        except OSError:
            # Nobody reads the progress any more; the work continues.
            discard_broken_streams()
