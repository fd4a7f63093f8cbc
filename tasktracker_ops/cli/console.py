"""`console`: one page about the deployment, served on this machine."""

from __future__ import annotations

import click

from .command import Family
from .context import Context, exit_on_interrupt, pass_context
from .options import WholeNumber

FAMILY = Family("Observe")


@FAMILY.command()
@click.option(
    "--port",
    type=WholeNumber(0, 65535),
    default=0,
    metavar="PORT",
    help="Port of 127.0.0.1. Default: a free one.",
)
@click.option("--no-browser", is_flag=True, help="Print the address, and open no browser.")
@pass_context
def console(context: Context, port: int, no_browser: bool) -> None:
    """Show and operate the deployment on one page in the browser.

    It has status, charts, alarms, log, tasks, releases, drills and the local target's inbox.
    It is served on this machine until Ctrl-C, to anyone with its address. On a terminal, a
    browser opens it.

    \b
    Example:
      tt-ops console --port 4600 --no-browser
    """
    serve_console(context, port, browser=not no_browser)


def serve_console(context: Context, port: int = 0, *, browser: bool = True) -> None:
    """Serve the console until Ctrl-C; with `browser`, a browser shows it, if on a terminal."""
    from tasktracker_ops.adapters.host.browser import open_page
    from tasktracker_ops.console.server import ConsoleServer
    from tasktracker_ops.models.addresses import ConsoleAddress
    from tasktracker_ops.workflows.console import Console

    with (
        exit_on_interrupt(),
        Console(context.app) as shown,
        ConsoleServer(port, shown, context.console.as_json) as server,
    ):
        opened = browser and context.interactive and open_page(server.url, context.settings.environ)
        context.console.emit(ConsoleAddress(server.url, opened))
        server.serve_forever()
