"""`releases` and `rollback`: which code serves, and which did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tasktracker_ops.errors import counted

from .command import Family
from .completion import complete_release
from .context import Context, pass_context
from .deployment import checks_option, keep_option
from .options import WholeNumber, backend_options, lock_timeout_option, yes_option

if TYPE_CHECKING:
    from tasktracker_ops.models.rollback import Rollback

FAMILY = Family("Deploy")

_HISTORY_EVENTS = 20


@FAMILY.group(invoke_without_command=True)
@click.option(
    "--history", is_flag=True, help="Show what happened to all releases, also to pruned ones."
)
@click.option(
    "--limit",
    type=WholeNumber(min=1),
    metavar="N",
    help=f"Number of releases, or of events. Default: all releases, {_HISTORY_EVENTS} events.",
)
@backend_options
@pass_context
def releases(context: Context, history: bool, limit: int | None) -> None:
    """List the releases, and which one is live.

    A release is a published version of the function. --history also shows who did what,
    and how long each release served.

    \b
    Example:
      tt-ops releases --history --limit 50
    """
    from tasktracker_ops.workflows import releases as workflow

    context.app.session.require_credentials()
    context.console.emit(
        workflow.release_history(context.app, limit=limit or _HISTORY_EVENTS)
        if history
        else workflow.releases(context.app, limit=limit)
    )


@releases.command()
@keep_option
@click.option("--dry-run", is_flag=True, help="Delete nothing; show what would be deleted.")
@lock_timeout_option
@yes_option("the deletion")
@pass_context
def prune(context: Context, keep: int, dry_run: bool, lock_timeout: int) -> None:
    """Delete the versions of old releases, as every deploy does.

    Keeps the live release, the one that a rollback would let serve, and a canary.
    The records of deleted ones stay, and so does what --history shows.

    \b
    Example:
      tt-ops releases prune --keep 3 --dry-run
    """
    from tasktracker_ops.workflows import releases as workflow

    def approve(numbers: tuple[int, ...]) -> None:
        context.confirm(f"Delete the versions of {counted(len(numbers), 'release')}?")

    context.console.emit(
        workflow.prune(
            context.app, keep=keep, dry_run=dry_run, approve=approve, lock_timeout=lock_timeout
        )
    )


@FAMILY.command()
@click.argument("release", type=WholeNumber(min=1), required=False, shell_complete=complete_release)
@checks_option
@lock_timeout_option
@backend_options
@yes_option("the rollback")
@pass_context
def rollback(context: Context, release: int | None, checks: str, lock_timeout: int) -> None:
    """Let an earlier release serve again, and check the API.

    RELEASE is a number in the list of releases. Default: the newest proven release before
    the live one. If the API fails with it, the release that was live serves again. The next
    deploy rolls forward.

    \b
    Example:
      tt-ops rollback 12
    """
    from tasktracker_ops.models.release import ReleaseOptions
    from tasktracker_ops.output.rollback import rollback_question
    from tasktracker_ops.workflows import rollback as workflow

    def approve(planned: Rollback) -> None:
        context.confirm(rollback_question(planned))

    context.console.emit(
        workflow.rollback(
            context.app,
            release,
            ReleaseOptions(checks),
            approve=approve,
            lock_timeout=lock_timeout,
        )
    )
