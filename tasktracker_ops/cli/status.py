"""`status` and `alarms`: whether the service is well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tasktracker_ops.errors import ExitCode

from .options import DURATION, Context, Duration, Family, ended_by_interrupt, pass_context

if TYPE_CHECKING:
    from tasktracker_ops.models.status import Status

FAMILY = Family("Observe")


@FAMILY.command()
@click.option("--exit-code", is_flag=True, help="Exit 3 when an alarm is firing.")
@click.option(
    "--watch",
    type=Duration(minimum=1),
    metavar="DURATION",
    help="Look again every 5s, 1m …, until Ctrl-C.",
)
@pass_context
@click.pass_context
def status(
    click_context: click.Context, context: Context, exit_code: bool, watch: float | None
) -> None:
    """Show on one screen whether the service is well.

    Exits 1 when nobody can use it, when an alarm fired and nobody was told, or
    when an alarm is gone.

    \b
    Example:
      tt-ops status --watch 5s
    """
    from tasktracker_ops.workflows import status as looking

    if watch is not None:
        with ended_by_interrupt():
            context.console.redraw(looking.watch(context.app, watch))
        return
    seen = looking.status(context.app)
    context.console.emit(seen)
    click_context.exit(_exit_code(seen, alarm=exit_code))


def _exit_code(seen: Status, *, alarm: bool) -> ExitCode:
    if alarm and any(each.state == "ALARM" for each in seen.alarms or ()):
        return ExitCode.ALARM
    return ExitCode.OK if seen.healthy else ExitCode.FAILED


@FAMILY.command()
@click.option("--history", is_flag=True, help="What they did as well: the newest 20 items.")
@click.option(
    "--since",
    type=DURATION,
    metavar="DURATION",
    help="All of the history of the last 2h, 3d …; CloudWatch keeps 30 days.",
)
@pass_context
@click.pass_context
def alarms(
    click_context: click.Context, context: Context, history: bool, since: float | None
) -> None:
    """Show the alarms: what they watch, whom they tell.

    With --history also what they did. Exits 1 when one of them is gone, or the
    history cannot be read.

    \b
    Example:
      tt-ops alarms --history
    """
    from tasktracker_ops.workflows import alarms as listing

    wanted = history or since is not None
    found = listing.alarms(context.app, history=wanted, since=since)
    context.console.emit(found)
    click_context.exit(ExitCode.FAILED if found.problems else ExitCode.OK)
