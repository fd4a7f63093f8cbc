"""`open`: what belongs to the deployment, in a browser."""

from __future__ import annotations

import sys

import click

from tasktracker_ops.models.addresses import NAMES

from .command import Family
from .console import console
from .context import Context, pass_context

FAMILY = Family("Observe")


@FAMILY.command("open")
@click.argument("name", metavar="[NAME]", type=click.Choice(NAMES), default="api")
@pass_context
@click.pass_context
def open_(click_context: click.Context, context: Context, name: str) -> None:
    """Open the API, its docs or another page in the browser.

    NAME is api (the default), docs, console, dashboard, logs, inbox or repo. Without a
    terminal, or without a browser, the address is printed instead.

    \b
    Example:
      tt-ops open docs
    """
    from tasktracker_ops.workflows.addresses import open_address

    if name == "console":
        click_context.invoke(console)
        return
    show = sys.stdout.isatty() and context.settings.output == "table"
    context.console.emit(open_address(context.app, name, show=show))
