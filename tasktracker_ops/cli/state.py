"""`state`: the versions of Terraform's state, and its repair."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .command import Family
from .context import Context, pass_context
from .options import WholeNumber, backend_options, yes_option

if TYPE_CHECKING:
    from tasktracker_ops.errors import Problem
    from tasktracker_ops.models.state import StateRestore

FAMILY = Family("Deploy")

github_option = click.option(
    "--github", is_flag=True, help="Use the state of the roles for GitHub Actions instead."
)


@FAMILY.group()
@backend_options
def state() -> None:
    """List, print, restore and repair Terraform's state.

    Works on the state bucket itself, without Terraform.

    \b
    Example:
      tt-ops state versions
    """


@state.command()
@click.option(
    "--limit",
    type=WholeNumber(min=1),
    default=20,
    show_default=True,
    metavar="N",
    help="Number of versions.",
)
@github_option
@pass_context
def versions(context: Context, limit: int, github: bool) -> None:
    """List the versions of the state, the newest first.

    \b
    Example:
      tt-ops state versions --limit 50
    """
    from tasktracker_ops.workflows import state as workflow

    context.console.emit(workflow.state_versions(context.app, _key(context, github), limit=limit))


@state.command()
@click.argument("version", required=False)
@github_option
@pass_context
def pull(context: Context, version: str | None, github: bool) -> None:
    """Print the state, or one of its versions.

    It may have secrets, and is printed as it is.

    \b
    Example:
      tt-ops state pull > state.json
    """
    from tasktracker_ops.workflows import state as workflow

    context.console.emit(workflow.pull_state(context.app, _key(context, github), version))


@state.command(needs_project=True)
@click.argument("version", required=False)
@github_option
@yes_option("the restore")
@pass_context
def restore(context: Context, version: str | None, github: bool) -> None:
    """Restore an earlier version of the state.

    Shows which resources differ, and asks. VERSION is an id from `tt-ops state versions`,
    or its beginning. Default: the newest valid version before the current one. Changes no
    resource; the next deploy does.

    \b
    Example:
      tt-ops state restore 3HL4kqtJlcpX
    """
    from tasktracker_ops.output.state import difference_lines
    from tasktracker_ops.workflows import state as workflow

    def approve(change: StateRestore) -> None:
        for line in difference_lines(change.difference):
            context.console.note(line)
        context.confirm(
            f"Restore the version {change.version} of {change.at}, "
            f"serial {change.from_serial}, as serial {change.serial}?"
        )

    context.console.emit(
        workflow.restore_state(context.app, _key(context, github), version, approve=approve)
    )


@state.command(needs_project=True)
@github_option
@yes_option("every repair")
@pass_context
def repair(context: Context, github: bool) -> None:
    """Repair a damaged or deleted state.

    Restores the last valid version, and writes its digest again. `tt-ops state restore` takes
    another version.

    \b
    Example:
      tt-ops state repair --yes
    """
    from tasktracker_ops.workflows import state as workflow

    def approve(fault: Problem) -> None:
        context.confirm(f"{fault.message}. Repair it?")

    context.console.emit(workflow.repair_state(context.app, _key(context, github), approve=approve))


def _key(context: Context, github: bool) -> str:
    """Return the key of the state that the options name, once there are credentials."""
    context.app.session.require_credentials()
    if github:
        from tasktracker_ops.adapters.aws.state_backend import GITHUB_STATE_KEY

        return GITHUB_STATE_KEY
    return context.settings.state_key
