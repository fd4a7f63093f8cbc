"""`local`: the emulator on its own."""

from __future__ import annotations

import click

from .options import Context, Family, pass_context, setting

FAMILY = Family("Local target")


@FAMILY.group()
def local() -> None:
    """Start, stop and inspect the AWS emulator.

    It is a process on this machine, reachable from this machine only.

    \b
    Example:
      tt-ops local up
    """


@local.command()
@setting(
    "--local-port", "--port", metavar="PORT", help="Use this port and no other; 0 takes a free one."
)
@pass_context
def up(context: Context) -> None:
    """Start the emulator in the background, unless it is running.

    \b
    Example:
      tt-ops local up --port 4600
    """
    context.console.emit(context.app.emulator.up(context.console))


@local.command()
@pass_context
def down(context: Context) -> None:
    """Stop the emulator and discard everything in it.

    \b
    Example:
      tt-ops local down
    """
    from tasktracker_ops.models.emulator import StopResult

    context.console.emit(StopResult(context.app.emulator.down()))


@local.command()
@pass_context
def status(context: Context) -> None:
    """Show the running emulator; exit 1 if it is not running.

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
    """Confirm pending subscriptions of the environment, as the links in the mails do.

    \b
    Example:
      tt-ops local confirm operator@example.com
    """
    topic = context.app.environment.topic
    context.console.emit(context.app.emulator.confirm(topic, address))
