"""`local`: the embedded AWS on its own."""

from __future__ import annotations

import click

from tasktracker_ops.models import Stopped

from .options import Context, Group, pass_context, setting


@click.group(cls=Group)
def local() -> None:
    """Start, stop and look at the embedded AWS.

    An emulation, in a process of this machine that only this machine can reach.

    \b
    Example:
      tt-ops local up
    """


@local.command()
@setting("--local-port", "--port", metavar="PORT", help="Insist on this port; 0 takes a free one.")
@pass_context
def up(context: Context) -> None:
    """Start it in the background, unless it runs.

    \b
    Example:
      tt-ops local up --port 4600
    """
    context.console.emit(context.app.sandbox.up(context.console))


@local.command()
@pass_context
def down(context: Context) -> None:
    """Stop it. Everything in it is gone: it lives in memory.

    \b
    Example:
      tt-ops local down
    """
    context.console.emit(Stopped(context.app.sandbox.down()))


@local.command()
@pass_context
def status(context: Context) -> None:
    """Say where it is; exit 1 when it is not running.

    \b
    Example:
      tt-ops local status --output json
    """
    context.console.emit(context.app.sandbox.running())
