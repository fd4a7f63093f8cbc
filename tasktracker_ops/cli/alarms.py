"""`alarms`: their state and history, and muting them for a time."""

from __future__ import annotations

import click

from tasktracker_ops.errors import ExitCode

from .command import Family
from .completion import complete_alarm
from .context import Context, pass_context
from .times import DURATION, Duration

FAMILY = Family("Observe")
# CloudWatch takes 15 days, of which a part of a minute is lost to its schedules.
_LONGEST_MUTE = 14 * 86400

_names = click.argument("names", metavar="[ALARM]...", nargs=-1, shell_complete=complete_alarm)


@FAMILY.group(invoke_without_command=True)
@click.option("--history", is_flag=True, help="Also show the newest 20 items of the history.")
@click.option(
    "--since",
    type=DURATION,
    metavar="DURATION",
    help="Show the history of this time (2h, 3d …, up to 30 days).",
)
@pass_context
@click.pass_context
def alarms(
    click_context: click.Context, context: Context, history: bool, since: float | None
) -> None:
    """Show the alarms, their conditions and actions, or mute them.

    Exits 1 if an alarm is missing or the history cannot be read.

    \b
    Example:
      tt-ops alarms --history
    """
    from tasktracker_ops.workflows import alarms as workflow

    history = history or since is not None
    result = workflow.alarms(context.app, history=history, since=since)
    context.console.emit(result)
    click_context.exit(ExitCode.FAILED if result.problems else ExitCode.OK)


@alarms.command()
@_names
@click.option(
    "--for",
    "seconds",
    type=Duration(minimum=60, maximum=_LONGEST_MUTE),
    required=True,
    metavar="DURATION",
    help="Time until they notify again (30m, 1h, 2d …).",
)
@click.option("-m", "--reason", required=True, metavar="REASON", help="Why they are muted.")
@pass_context
def mute(context: Context, names: tuple[str, ...], seconds: float, reason: str) -> None:
    """Let alarms notify nobody for a time, such as during maintenance.

    They still fire. One that is in ALARM when the time is over notifies then. ALARM is a
    name, or a part that only one name has; without ALARM, all alarms are muted.

    \b
    Example:
      tt-ops alarms mute --for 1h --reason "load test"
    """
    from tasktracker_ops.workflows import mute as workflow

    context.console.emit(workflow.mute(context.app, names, seconds=seconds, reason=reason))


@alarms.command()
@_names
@pass_context
@click.pass_context
def unmute(click_context: click.Context, context: Context, names: tuple[str, ...]) -> None:
    """Let muted alarms notify again.

    One that is in ALARM notifies at once. Without ALARM, all alarms are unmuted. Exits 1 if
    one of them is still muted by a rule that is not of tt-ops.

    \b
    Example:
      tt-ops alarms unmute
    """
    from tasktracker_ops.workflows import mute as workflow

    result = workflow.unmute(context.app, names)
    context.console.emit(result)
    click_context.exit(ExitCode.FAILED if result.problems else ExitCode.OK)
