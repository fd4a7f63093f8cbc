"""`logs`: what the function and its API wrote."""

from __future__ import annotations

from typing import Any

import click

from .options import DURATION, Context, Family, ended_by_interrupt, pass_context

FAMILY = Family("Observe")


@FAMILY.command()
@click.option(
    "--since",
    type=DURATION,
    default="10m",
    show_default=True,
    metavar="DURATION",
    help="Begin 30s, 10m, 3h or 2d ago.",
)
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option(
    "--filter",
    "pattern",
    default="",
    metavar="PATTERN",
    help="Only what CloudWatch's filter pattern matches.",
)
@click.option("--errors", is_flag=True, help="Only failed requests and errors.")
@click.option(
    "--request-id",
    metavar="ID",
    help="Everything of one request, START to REPORT; 8 characters of its id are enough.",
)
@click.option("--message-only", is_flag=True, help="Only the messages, as they were written.")
@click.option("--api", is_flag=True, help="The API's access log instead of the function's.")
@pass_context
def logs(context: Context, /, **query: Any) -> None:
    """Show the function's log, times in UTC.

    An event is shown when all that is given holds for it. Lambda's own lines (START, END,
    REPORT) come with --verbose, --filter, --errors, --request-id, --message-only and JSON.

    \b
    Example:
      tt-ops logs --follow --errors
      tt-ops logs --since 1h --filter '{ $.duration_ms > 500 }'
    """
    from tasktracker_ops.workflows import logs as reading

    with ended_by_interrupt():
        context.console.stream(reading.logs(context.app, reading.LogQuery(**query)))
