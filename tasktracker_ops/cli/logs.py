"""`logs`: what the function and its API wrote."""

from __future__ import annotations

from typing import Any

import click

from .options import DURATION, Context, Family, exit_on_interrupt, pass_context

FAMILY = Family("Observe")


@FAMILY.command()
@click.option(
    "--since",
    type=DURATION,
    default="10m",
    show_default=True,
    metavar="DURATION",
    help="How far back to look: 30s, 10m, 3h or 2d.",
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
    type=click.IntRange(min=1),
    metavar="N",
    help="Only what this release of the function logged.",
)
@click.option(
    "--request-id",
    metavar="ID",
    help="All events of one request; 8 characters of its id are enough.",
)
@click.option("--message-only", is_flag=True, help="Only the messages, unformatted.")
@click.option("--api", is_flag=True, help="Show the API's access log instead.")
@pass_context
def logs(context: Context, /, **query: Any) -> None:
    """Show the function's log, times in UTC.

    Options combine: an event is shown if it matches all of them. Lambda's own lines (START,
    END, REPORT) are only shown with --verbose, --filter, --errors, --request-id,
    --message-only or --output json.

    \b
    Example:
      tt-ops logs --follow --errors
      tt-ops logs --errors --release 12
      tt-ops logs --since 1h --filter '{ $.duration_ms > 500 }'
    """
    from tasktracker_ops.workflows import logs as reading

    with exit_on_interrupt():
        context.console.stream(reading.logs(context.app, reading.LogQuery(**query)))
