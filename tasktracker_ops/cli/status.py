"""`status`: whether the service is healthy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tasktracker_ops.errors import ExitCode

from .command import Family
from .context import Context, exit_on_interrupt, pass_context
from .times import Duration

if TYPE_CHECKING:
    from tasktracker_ops.models.status import Status

FAMILY = Family("Observe")


@FAMILY.command()
@click.option("--exit-code", is_flag=True, help="Exit 3 if an alarm is firing.")
@click.option(
    "--watch",
    type=Duration(minimum=1),
    metavar="DURATION",
    help="Refresh at this interval (5s, 1m …) until Ctrl-C.",
)
@pass_context
@click.pass_context
def status(
    click_context: click.Context, context: Context, exit_code: bool, watch: float | None
) -> None:
    """Show on one screen whether the service is healthy.

    Exits 1 if the API does not work, if an alarm fired and nobody was notified, or
    if an alarm is missing.

    \b
    Example:
      tt-ops status --watch 5s
    """
    from tasktracker_ops.workflows import status as workflow

    if watch is not None:
        with exit_on_interrupt():
            context.console.redraw(workflow.watch(context.app, watch))
        return
    result = workflow.status(context.app)
    context.console.emit(result)
    click_context.exit(_exit_code(result, alarm=exit_code))


def _exit_code(result: Status, *, alarm: bool) -> ExitCode:
    if alarm and any(each.state == "ALARM" for each in result.alarms or ()):
        return ExitCode.ALARM
    return ExitCode.OK if result.healthy else ExitCode.FAILED
