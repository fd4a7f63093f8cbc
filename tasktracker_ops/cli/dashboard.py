"""`metrics` and `dashboard`: the deployed dashboard as numbers and as charts."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .command import Family
from .console import serve_console
from .context import Context, pass_context
from .times import Duration

if TYPE_CHECKING:
    from tasktracker_ops.models.dashboard import DashboardPage

FAMILY = Family("Observe")

# CloudWatch keeps one-minute data for 15 days.
_MAX_SECONDS = 14 * 86400

_since = click.option(
    "--since",
    type=Duration(minimum=60, maximum=_MAX_SECONDS),
    default="3h",
    show_default=True,
    metavar="DURATION",
    help="How far back to look: 10m, 3h or 2d, up to 14d.",
)


def _whole_minutes(
    context: click.Context, parameter: click.Parameter, seconds: float | None
) -> int | None:
    if seconds is not None and seconds % 60:
        raise click.BadParameter(
            "a period of CloudWatch is a whole number of minutes", context, parameter
        )
    return None if seconds is None else int(seconds)


_period = click.option(
    "--period",
    type=Duration(minimum=60, maximum=_MAX_SECONDS),
    callback=_whole_minutes,
    metavar="DURATION",
    help="Time between two points. Default: the shortest that gives at most 180.",
)


@FAMILY.command()
@_since
@_period
@click.option("--widget", "title", metavar="TITLE", help="Only widgets whose title contains this.")
@pass_context
def metrics(context: Context, since: float, period: int | None, title: str | None) -> None:
    """Summarise requests, and the metrics of the dashboard.

    First the API's requests, errors (5xx) and latency percentiles, then each metric of the
    dashboard with the statistics that suit it. CloudWatch computes them over the whole time;
    `last` is the newest point.

    \b
    Example:
      tt-ops metrics --since 2d --widget duration
    """
    from tasktracker_ops.models.times import time_window
    from tasktracker_ops.workflows import metrics as summary

    window = time_window(time.time(), since, period)
    context.console.emit(summary.metrics(context.app, window, title=title))


class _OutputFile(click.Path):
    """The name of a file to write; `-` is refused, since standard output has the result."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if str(value) in {"", "-"}:
            self.fail(f"{str(value)!r} is not a file name", param, ctx)
        return super().convert(value, param, ctx)


_file = _OutputFile()


@FAMILY.command()
@click.option(
    "--html", type=_file, metavar="FILE", help="Write the dashboard as one self-contained page."
)
@click.option("--png", type=_file, metavar="FILE", help="Write a picture of each widget.")
@click.option("--open", "show", is_flag=True, help="Open the page in a browser.")
@click.option("--console", is_flag=True, help="Open CloudWatch's own console, or the emulator's.")
@_since
@_period
@pass_context
def dashboard(
    context: Context,
    html: Path | None,
    png: Path | None,
    show: bool,
    console: bool,
    since: float,
    period: int | None,
) -> None:
    """Draw the deployed dashboard, with its alarms.

    Without an option, it is shown and kept current by the page of `console`. That of --html
    stays as it is, and works offline. CloudWatch draws the pictures of --png, which the
    emulator cannot: FILE, or FILE-1, FILE-2 and so on for several widgets.

    \b
    Example:
      tt-ops dashboard --html dashboard.html --open
    """
    from tasktracker_ops.models.times import time_window
    from tasktracker_ops.workflows import dashboard as pictures

    if sum((html is not None or show, png is not None, console)) > 1:
        raise click.UsageError("give one of --html or --open, --png, and --console")
    window = time_window(time.time(), since, period)
    if console:
        context.console.emit(pictures.console(context.app))
    elif png is not None:
        context.console.emit(pictures.images(context.app, window, file=png))
    elif html is not None or show:
        from tasktracker_ops.output import page

        def render(drawn: DashboardPage) -> str:
            return page.render(context.console.redaction.of(drawn))

        context.console.emit(pictures.draw(context.app, window, render, file=html, show=show))
    else:
        serve_console(context)
