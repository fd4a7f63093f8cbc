"""`destroy`: remove the deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tasktracker_ops.errors import counted

from .command import Family
from .context import Context, pass_context
from .options import backend_options, lock_timeout_option, yes_option

if TYPE_CHECKING:
    from tasktracker_ops.models.plan import Plan

FAMILY = Family("Deploy")

backend_option = click.option("--backend", is_flag=True, help="Remove the state backend as well.")
confirm_option = click.option(
    "--confirm",
    metavar="NAME",
    help="Confirm by the environment's name, where --yes is not enough: for the default one, and "
    "where the table is protected.",
)


@FAMILY.command(needs_project=True)
@backend_option
@confirm_option
@lock_timeout_option
@backend_options
@yes_option("the removal")
@pass_context
def destroy(context: Context, backend: bool, confirm: str | None, lock_timeout: int) -> None:
    """Remove the deployment and all its tasks.

    \b
    Example:
      tt-ops --target local destroy --confirm default
    """
    destroy_environment(context, backend=backend, confirm=confirm, lock_timeout=lock_timeout)


def destroy_environment(
    context: Context, *, confirm: str | None, lock_timeout: int, backend: bool = False
) -> None:
    """Destroy the environment of the settings; `confirm` is its name if that was given."""
    from tasktracker_ops.workflows import destroy as destroying

    name = context.settings.env
    if confirm not in (None, name):
        raise click.UsageError(f"--confirm names {confirm!r}, but this would destroy {name!r}")

    def approve(changes: Plan, by_name: bool) -> None:
        if confirm is not None:
            return
        resources = counted(len(changes.changes), "resource")
        also = " and the state backend" if backend else ""
        context.confirm(
            f'Type "{name}" to destroy it and its {resources}, with every task{also}',
            word=name,
            in_advance=f"--confirm {name}" if by_name else "--yes",
        )

    context.console.emit(
        destroying.destroy(context.app, approve=approve, backend=backend, lock_timeout=lock_timeout)
    )
