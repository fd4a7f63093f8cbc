"""`metrics` and `dashboard`: the deployed dashboard in numbers and as a picture."""

from __future__ import annotations

import time

import click

from tasktracker_ops.workflows import metrics as summary
from tasktracker_ops.workflows.time_window import LONGEST

from .options import Command, Context, Duration, pass_context

_since = click.option(
    "--since",
    type=Duration(minimum=60, maximum=LONGEST),
    default="3h",
    show_default=True,
    metavar="DURATION",
    help="How far back, such as 10m, 3h or 2d, up to 14d.",
)


def _minutes(
    context: click.Context, parameter: click.Parameter, seconds: float | None
) -> int | None:
    if seconds is not None and seconds % 60:
        raise click.BadParameter("CloudWatch's periods are whole minutes", context, parameter)
    return None if seconds is None else int(seconds)


_period = click.option(
    "--period",
    type=Duration(minimum=60, maximum=LONGEST),
    callback=_minutes,
    metavar="DURATION",
    help="The time between two points. Default: at most 180 points.",
)


@click.command(cls=Command)
@_since
@_period
@click.option("--widget", "title", metavar="TITLE", help="Only widgets with this in their title.")
@pass_context
def metrics(context: Context, since: float, period: int | None, title: str | None) -> None:
    """Summarise every metric of the deployed dashboard.

    Sum, average, minimum, maximum, p95 and p99 are over the whole time, as CloudWatch
    computes them; last is the newest point.

    \b
    Example:
      tt-ops metrics --since 2d --widget duration
    """
    context.app.ensure_ready()
    found = summary.metrics(context.app, now=time.time(), since=since, period=period, title=title)
    context.console.emit(found)
