"""`watch`: the service on one screen that refreshes itself."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tasktracker_ops.adapters.host.keyboard import single_keys
from tasktracker_ops.errors import ExitCode, TtOpsError
from tasktracker_ops.reporting import Silent

from .command import Family
from .context import Context, exit_on_interrupt, pass_context
from .drill import trigger_error
from .releases import rollback

if TYPE_CHECKING:
    from tasktracker_ops.app import App
    from tasktracker_ops.workflows.overview import Overview

FAMILY = Family("Observe")

_REFRESH_SECONDS = 0.5
_ERRORS_ONLY, _QUIT = "l", "q"


@FAMILY.command()
@pass_context
@click.pass_context
def watch(click_context: click.Context, context: Context) -> None:
    """Show everything about the service live, on one screen.

    It has status, release, metrics, alarms, log and inbox.

    Keys: d sends a request that fails (a fire drill), o opens the target's console, r rolls
    back, l shows only the errors of the log, q quits. Drill and rollback ask first.

    \b
    Example:
      tt-ops watch
    """
    from tasktracker_ops.workflows.overview import Overview
    from tasktracker_ops.workflows.snapshots import PARTS

    context.app.session.require_credentials()
    _require_terminal(context)
    context.app.deployments.get()  # without a deployment there is nothing to draw
    app = context.app.reporting_to(Silent())
    errors_only = False
    with exit_on_interrupt(), Overview(app, PARTS) as overview, overview.viewing():
        while True:
            key, errors_only = _show(context, app, overview, errors_only=errors_only)
            if key == _QUIT:
                return
            _act(click_context, context, key)
            overview.refresh(*PARTS)


def _require_terminal(context: Context) -> None:
    if not (sys.stdin.isatty() and context.console.can_draw):
        raise TtOpsError(
            "terminal-missing",
            "there is no terminal to draw on and to take keys from",
            hint="print the status: tt-ops status",
            exit_code=ExitCode.USAGE,
        )


def _show(context: Context, app: App, overview: Overview, *, errors_only: bool) -> tuple[str, bool]:
    """Draw until a key leaves the screen; return it, and whether only errors are shown."""
    from tasktracker_ops.workflows.snapshots import snapshot

    with single_keys(sys.stdin) as read_key, context.console.full_screen() as draw:
        while True:
            draw(snapshot(app, overview.parts(), errors_only=errors_only))
            key = read_key(_REFRESH_SECONDS).lower()
            if key == _ERRORS_ONLY:
                errors_only = not errors_only
            elif key in _ACTIONS or key == _QUIT:
                return key, errors_only


def _drill(click_context: click.Context, context: Context) -> None:
    context.confirm("Send a request that fails? The alarm then notifies its subscribers.")
    click_context.invoke(trigger_error)


def _open(click_context: click.Context, context: Context) -> None:
    from tasktracker_ops.workflows import dashboard

    context.console.emit(dashboard.console(context.app))


def _rollback(click_context: click.Context, context: Context) -> None:
    click_context.invoke(rollback)


_ACTIONS = {"d": _drill, "o": _open, "r": _rollback}


def _act(click_context: click.Context, context: Context, key: str) -> None:
    """Run what belongs to a key on the terminal's normal screen, until a key is pressed."""
    try:
        _ACTIONS[key](click_context, context)
    except TtOpsError as error:
        context.console.error(error)
    with single_keys(sys.stdin) as read_key:
        click.echo("\nPress any key to return to the screen.", err=True)
        read_key(None)
