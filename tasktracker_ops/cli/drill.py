"""`trigger-error`, `trigger-slow` and `drill`: fire drills that test the alarms end to end."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from tasktracker_ops.errors import Problem

from .command import Family
from .context import Context, pass_context
from .options import WholeNumber, yes_option
from .times import DURATION

if TYPE_CHECKING:
    from tasktracker_ops.workflows.drill import Route

FAMILY = Family("Drill")

_TIMEOUT_SECONDS = 900.0
F = TypeVar("F", bound=Callable[..., Any])


def _drill_options(command: F) -> F:
    timeout = click.option(
        "--timeout",
        type=DURATION,
        metavar="DURATION",
        help="Maximum time to --wait. Default: 15m.",
    )
    wait = click.option(
        "--wait", is_flag=True, help="Follow the alarm until it fired, notified and is OK again."
    )
    count = click.option(
        "--count",
        type=WholeNumber(1, 100),
        default=1,
        metavar="N",
        help="Number of requests, one after the other. Default: 1.",
    )
    return count(wait(timeout(yes_option("a drill of a muted alarm")(command))))


@FAMILY.command("drill")
@click.option("--all", "everything", is_flag=True, required=True, help="Fire every alarm.")
@click.option(
    "--older-than",
    type=DURATION,
    default=0.0,
    metavar="DURATION",
    help="Fire only if the last complete drill of all alarms is older.",
)
@click.option(
    "--record",
    type=click.File("a", encoding="utf-8", lazy=False),
    metavar="FILE",
    help="Append a line of JSON to FILE: when, who, commit, times, who was notified.",
)
@click.option(
    "--timeout",
    type=DURATION,
    default=_TIMEOUT_SECONDS,
    metavar="DURATION",
    help="Maximum time to wait. Default: 15m.",
)
@pass_context
def drill_all(
    context: Context,
    everything: bool,
    older_than: float,
    record: IO[str] | None,
    timeout: float,
) -> None:
    """Fire all alarms, and follow them until somebody was notified.

    Exits 0 only if each fired, notified a subscriber and is OK again. `tt-ops status` shows
    when this last succeeded.

    \b
    Example:
      tt-ops drill --all
      tt-ops drill --all --record drills.jsonl
    """
    from tasktracker_ops.workflows import drill_all as workflow

    report = workflow.drill_all(context.app, timeout=timeout, older_than=older_than)
    if record is not None and report.drills:
        record.write(f"{context.console.as_json(report.record)}\n")
    context.console.emit(report)
    for each in report.drills:
        _raise(each.problem)


@FAMILY.command("trigger-error")
@_drill_options
@pass_context
def trigger_error(context: Context, count: int, wait: bool, timeout: float | None) -> None:
    """Make the function fail, to test its alarm.

    With --wait, exits 0 only if the alarm fired, notified a subscriber and is OK again.

    \b
    Example:
      tt-ops trigger-error --wait
    """
    from tasktracker_ops.workflows.drill import ERROR

    _drill(context, ERROR, count, wait, timeout)


@FAMILY.command("trigger-slow")
@_drill_options
@pass_context
def trigger_slow(context: Context, count: int, wait: bool, timeout: float | None) -> None:
    """Make the function slow, to test its alarm.

    With --wait, exits 0 only if the alarm fired, notified a subscriber and is OK again.

    \b
    Example:
      tt-ops trigger-slow --wait
    """
    from tasktracker_ops.workflows.drill import SLOW

    _drill(context, SLOW, count, wait, timeout)


def _drill(context: Context, route: Route, count: int, wait: bool, timeout: float | None) -> None:
    """Run a drill and print what happened, even if it failed."""
    from tasktracker_ops.workflows.drill import drill

    if timeout is not None and not wait:
        raise click.UsageError("--timeout needs --wait", click.get_current_context())
    seconds = (timeout or _TIMEOUT_SECONDS) if wait else None

    def approve(mute: Problem) -> None:
        if not (context.assume_yes or context.interactive):
            _raise(mute)
        context.confirm(f"{mute.message}. Fire all the same?")

    result = drill(context.app, route, count=count, timeout=seconds, approve=approve)
    context.console.emit(result)
    _raise(result.problem)


def _raise(problem: Problem | None) -> None:
    if problem is not None:
        raise problem.as_error()
