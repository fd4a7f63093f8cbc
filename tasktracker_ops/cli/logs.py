"""`logs`: what the function and its API wrote."""

from __future__ import annotations

import sys
from typing import Any

import click

from .command import Family
from .completion import complete_release
from .context import Context, exit_on_interrupt, pass_context
from .options import WholeNumber
from .times import MOMENT

FAMILY = Family("Observe")


@FAMILY.command()
@click.option(
    "--local-time", is_flag=True, is_eager=True, help="Use this machine's time zone, not UTC."
)
@click.option(
    "--since",
    type=MOMENT,
    metavar="MOMENT",
    help="Start: 10m (ago; the default), '2 hours', 1w, yesterday, 16:20, 2026-01-31 or a time of "
    "RFC 3339.",
)
@click.option("--until", type=MOMENT, metavar="MOMENT", help="End. Default: now.")
@click.option(
    "-n",
    "newest",
    type=WholeNumber(min=1),
    metavar="N",
    help="Only the newest N events; without --since, of up to a week.",
)
@click.option("--follow", "-f", is_flag=True, help="Keep showing new events until Ctrl-C.")
@click.option(
    "--filter",
    "pattern",
    default="",
    metavar="PATTERN",
    help="Only events that match this CloudWatch filter pattern.",
)
@click.option("--errors", is_flag=True, help="Only failed requests and errors.")
@click.option(
    "--release",
    type=WholeNumber(min=1),
    metavar="N",
    shell_complete=complete_release,
    help="Only what this release of the function logged.",
)
@click.option(
    "--request-id",
    metavar="ID",
    help="Only events of this request; 8 characters of its id are enough.",
)
@click.option("--message-only", is_flag=True, help="Print only the messages, unformatted.")
@click.option("--api", is_flag=True, help="Show the API's access log instead.")
@click.option("--all", "every", is_flag=True, help="Show both logs, in the order of time.")
@pass_context
def logs(context: Context, /, **query: Any) -> None:
    """Show the function's log.

    Options combine: an event is shown if it matches all of them. Lambda's own lines (START,
    END, REPORT) are only shown with --verbose, --filter, --errors, --request-id,
    --message-only or --output json. On a terminal, a traceback that repeats is shown once,
    without the frames of Python and of Lambda's runtime; --verbose shows everything.

    \b
    Example:
      tt-ops logs --follow --errors
      tt-ops logs --all --since yesterday --until 16:20 --local-time
      tt-ops logs --errors --release 12
      tt-ops logs --since 1h --filter '{ $.duration_ms > 500 }'
    """
    from tasktracker_ops.workflows import logs as reading

    if query["api"] and query["every"]:
        raise click.UsageError("give --api or --all, not both")
    settings = context.settings
    collapsed = settings.output == "table" and sys.stdout.isatty() and not settings.verbose
    with exit_on_interrupt():
        context.console.stream(
            reading.logs(context.app, reading.LogQuery(**query, collapsed=collapsed))
        )
