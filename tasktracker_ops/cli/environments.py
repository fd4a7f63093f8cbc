"""`environments`: what is deployed in the account, and the removal of what has expired."""

from __future__ import annotations

from typing import Any

import click

from tasktracker_ops.errors import ExitCode, counted

from .command import Family
from .completion import complete_environment
from .context import Context, pass_context
from .destroy import confirm_option, destroy_environment
from .options import backend_options, lock_timeout_option, yes_option
from .times import DURATION

FAMILY = Family("Deploy")


@FAMILY.group(invoke_without_command=True)
@pass_context
def environments(context: Context) -> None:
    """List the environments of the account and region.

    Needs no project. An environment is healthy if its API answers and its function is active.

    \b
    Example:
      tt-ops environments --output json
    """
    from tasktracker_ops.workflows import environments as workflow

    context.console.emit(workflow.environments(context.app, context.app_of))


def _store_environment(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Let the named environment be the one that the command works on."""
    flags = context.ensure_object(Context).flags
    if flags.setdefault("env", value) != value:
        raise click.UsageError(f"--env {flags['env']} is another environment than {value!r}")


@environments.command(needs_project=True)
@click.argument(
    "name",
    callback=_store_environment,
    expose_value=False,
    shell_complete=complete_environment,
)
@confirm_option
@lock_timeout_option
@backend_options
@yes_option("the removal")
@pass_context
def destroy(context: Context, confirm: str | None, lock_timeout: int) -> None:
    """Remove the environment NAME and all its tasks.

    \b
    Example:
      tt-ops environments destroy pr-7 --yes
    """
    destroy_environment(context, confirm=confirm, lock_timeout=lock_timeout)


@environments.command(needs_project=True)
@click.option(
    "--older-than",
    type=DURATION,
    default="3d",
    show_default=True,
    metavar="DURATION",
    help="Only those that were last deployed longer ago.",
)
@click.option("--dry-run", is_flag=True, help="Destroy nothing; show what would be destroyed.")
@lock_timeout_option
@backend_options
@yes_option("the removal")
@pass_context
@click.pass_context
def prune(
    click_context: click.Context,
    context: Context,
    older_than: float,
    dry_run: bool,
    lock_timeout: int,
) -> None:
    """Remove the temporary environments that have expired.

    All their tasks are removed too. Exits 1 if one of them cannot be removed, after it
    has removed the others.

    \b
    Example:
      tt-ops environments prune --older-than 3d --dry-run
    """
    from tasktracker_ops.workflows import environments as workflow

    def approve(names: tuple[str, ...]) -> None:
        what = counted(len(names), "environment")
        context.confirm(f"Destroy {what}, with every task: {', '.join(names)}?")

    result = workflow.prune(
        context.app,
        context.app_of,
        older_than=older_than,
        dry_run=dry_run,
        approve=approve,
        lock_timeout=lock_timeout,
    )
    context.console.emit(result)
    click_context.exit(ExitCode.FAILED if result.problems else ExitCode.OK)
