"""`local`: the emulator on its own."""

from __future__ import annotations

import click

from .command import Family
from .context import Context, pass_context
from .options import WholeNumber, setting, yes_option

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
@setting(
    "--persist/--no-persist",
    "local_persist",
    help="Keep what it holds, and bring back what it held; or start empty, and keep nothing.",
)
@pass_context
def up(context: Context) -> None:
    """Start the emulator in the background, unless it is running.

    It takes the port that it had before. With --persist, what it holds survives `local down`,
    a crash and a restart of the machine: snapshots, at most a second old, are in
    `.tt-ops/local`.

    \b
    Example:
      tt-ops local up --persist
    """
    context.console.emit(context.app.emulator.up(context.console))


@local.command()
@yes_option("losing what the emulator holds, if it does not persist")
@pass_context
def down(context: Context) -> None:
    """Stop the emulator; what it holds is lost, unless it persists.

    On a terminal it asks first if anything would be lost.

    \b
    Example:
      tt-ops local down
    """
    emulator = context.app.emulator
    if context.interactive and (lost := emulator.at_stake()):
        context.confirm(f"The emulator does not persist. Stop it, and lose {lost}?")
    context.console.emit(emulator.down())


@local.command()
@yes_option("losing everything that the emulator holds")
@pass_context
def reset(context: Context) -> None:
    """Stop the emulator, and delete all that it holds, snapshots too.

    \b
    Example:
      tt-ops local reset --yes
    """
    context.confirm("Delete everything that the local target holds?")
    context.console.emit(context.app.emulator.reset())


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
@click.argument("mail_id", metavar="[ID]", type=WholeNumber(min=1), required=False)
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
    """Confirm pending subscriptions, as the links in the mails do.

    Without ADDRESS, all those of the environment.

    \b
    Example:
      tt-ops local confirm operator@example.com
    """
    topic = context.app.environment.topic
    context.console.emit(context.app.emulator.confirm(topic, address))
