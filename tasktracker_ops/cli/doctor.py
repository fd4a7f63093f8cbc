"""`doctor` and `support`: find what is wrong, and hand it to somebody who helps."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from tasktracker_ops.app import App
from tasktracker_ops.errors import ExitCode

from .command import Family
from .context import Context, pass_context

FAMILY = Family("Observe")


def _decline(question: str) -> bool:
    """Agree to nothing: a check downloads nothing."""
    return False


@FAMILY.command()
@pass_context
@click.pass_context
def doctor(click_context: click.Context, context: Context) -> None:
    """Find what is wrong, and show how to fix it.

    Checks machine, account, state, service and GitHub, and changes nothing. Exits 1 if a
    check fails.

    \b
    Example:
      tt-ops doctor
    """
    from tasktracker_ops.workflows.doctor.runner import doctor as diagnose

    result = diagnose(App(context.settings, context.console, _decline))
    context.console.emit(result)
    click_context.exit(ExitCode.FAILED if result.failed else ExitCode.OK)


@FAMILY.command()
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="File to write. Default: tt-ops-support-TIME.zip in this folder.",
)
@pass_context
def support(context: Context, file: Path | None) -> None:
    """Write one archive without secrets, to send with a question.

    It has the output of doctor, status and plan, the log of the last hour, and versions.

    \b
    Example:
      tt-ops support
    """
    from tasktracker_ops.workflows.support import support as collect

    file = file or Path(f"tt-ops-support-{datetime.now(UTC):%Y%m%d-%H%M%S}.zip")
    app = App(context.settings, context.console, _decline)
    context.console.emit(collect(app, file.absolute(), context.console.as_json))
