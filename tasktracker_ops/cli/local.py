"""`local`: the embedded AWS on its own."""

from __future__ import annotations

import click

from .options import Context, Family, pass_context, setting

FAMILY = Family("Local target")


@FAMILY.group()
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
    context.console.emit(context.app.emulator.up(context.console))


@local.command()
@pass_context
def down(context: Context) -> None:
    """Stop it. Everything in it is gone: it lives in memory.

    \b
    Example:
      tt-ops local down
    """
    from tasktracker_ops.models.emulator import StopResult

    context.console.emit(StopResult(context.app.emulator.down()))


@local.command()
@pass_context
def status(context: Context) -> None:
    """Say where it is; exit 1 when it is not running.

    \b
    Example:
      tt-ops local status --output json
    """
    context.console.emit(context.app.emulator.running())


@local.command()
@click.argument("mail_id", metavar="[ID]", type=click.IntRange(min=1), required=False)
@pass_context
def inbox(context: Context, mail_id: int | None) -> None:
    """List the mail that AWS would have sent, or show one message.

    \b
    Example:
      tt-ops local inbox 3
    """
    emulator = context.app.emulator
    context.console.emit(emulator.inbox() if mail_id is None else emulator.mail(mail_id))


@local.command()
@click.argument("address", required=False)
@pass_context
def confirm(context: Context, address: str | None) -> None:
    """Confirm the subscriptions that wait for it, as the links in the mails do.

    \b
    Example:
      tt-ops local confirm operator@example.com
    """
    context.console.emit(context.app.emulator.confirm(address))
