"""`trigger-error` and `trigger-slow`: fire drills that test the alarms end to end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tasktracker_ops.errors import TtOpsError

from .options import DURATION, Context, Family, pass_context

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
        show_default="15m",
        help="Maximum time to --wait.",
    )
    wait = click.option(
        "--wait", is_flag=True, help="Follow the alarm until it fired, notified and is OK again."
    )
    count = click.option(
        "--count",
        type=click.IntRange(1, 100),
        default=1,
        metavar="N",
        help="Number of requests, one after the other.",
    )
    return count(wait(timeout(command)))


@FAMILY.command("trigger-error")
@_drill_options
@pass_context
def trigger_error(context: Context, count: int, wait: bool, timeout: float | None) -> None:
    """Make the function fail and follow the alarm.

    With --wait, exits 0 only if the alarm fired, notified a subscriber and is OK
    again.

    \b
    Example:
      tt-ops trigger-error --wait
    """
    from tasktracker_ops.workflows.drill import ERROR

    _drill(context, ERROR, count, _wait_timeout(wait, timeout))


@FAMILY.command("trigger-slow")
@_drill_options
@pass_context
def trigger_slow(context: Context, count: int, wait: bool, timeout: float | None) -> None:
    """Make the function slow and follow the alarm.

    With --wait, exits 0 only if the alarm fired, notified a subscriber and is OK
    again.

    \b
    Example:
      tt-ops trigger-slow --wait
    """
    from tasktracker_ops.workflows.drill import SLOW

    _drill(context, SLOW, count, _wait_timeout(wait, timeout))


def _wait_timeout(wait: bool, timeout: float | None) -> float | None:
    """Return for how many seconds to follow the alarm; None for not at all."""
    if timeout is not None and not wait:
        raise click.UsageError("--timeout needs --wait", click.get_current_context())
    return (timeout or _TIMEOUT_SECONDS) if wait else None


def _drill(context: Context, route: Route, count: int, timeout: float | None) -> None:
    """Run a drill and print what happened, even if it failed."""
    from tasktracker_ops.workflows.drill import drill

    result = drill(context.app, route, count=count, timeout=timeout)
    context.console.emit(result)
    if (problem := result.problem) is not None:
        raise TtOpsError(problem.code, problem.message, hint=problem.hint)
