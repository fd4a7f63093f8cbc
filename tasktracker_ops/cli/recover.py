"""`tasks recover`: tasks as they were at an earlier time."""

from __future__ import annotations

import shutil
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import click

from tasktracker_ops.errors import TtOpsError, counted

from .command import Command
from .context import Context, pass_context
from .options import lock_timeout_option, yes_option
from .times import MOMENT

if TYPE_CHECKING:
    from tasktracker_ops.models.task_recovery import RecoverResult, Selection


@click.command(cls=Command)
@click.argument("references", metavar="[TASK]...", nargs=-1)
@click.option(
    "--local-time",
    is_flag=True,
    is_eager=True,
    help="Read TIME in this machine's zone, not in UTC.",
)
@click.option(
    "--to",
    type=MOMENT,
    metavar="TIME",
    help="When the tasks were right: '2 hours' (ago), yesterday, 16:20, 2026-01-31 or a time of "
    "RFC 3339.",
)
@click.option("--missing", is_flag=True, help="Bring back all tasks that were deleted since.")
@click.option("--changed", is_flag=True, help="Set all tasks that changed since to what they were.")
@click.option("--dry-run", is_flag=True, help="Only compare.")
@click.option(
    "--cleanup", is_flag=True, help="Remove the table that an interrupted recovery has left."
)
@lock_timeout_option
@yes_option("bringing them back")
@pass_context
def recover(
    context: Context,
    references: tuple[str, ...],
    local_time: bool,
    to: float | datetime | None,
    missing: bool,
    changed: bool,
    dry_run: bool,
    cleanup: bool,
    lock_timeout: int,
) -> None:
    """Bring back tasks as they were up to 35 days ago.

    Restores the table as of TIME into a new one, compares both, and writes back what you
    choose: --missing, --changed, the tasks named, or on a terminal by an answer. Nothing
    that was written after the comparison is overwritten. The new table is removed at the end.

    \b
    Example:
      tt-ops tasks recover --to '2 hours' --dry-run
      tt-ops tasks recover --to 2026-01-31T16:20:00Z --missing
    """
    from tasktracker_ops.models.task_recovery import Selection
    from tasktracker_ops.workflows import recover_tasks as workflow

    if cleanup:
        context.console.emit(workflow.cleanup(context.app, lock_timeout=lock_timeout))
        return
    if to is None:
        raise click.UsageError("give the time to recover to (--to TIME), or --cleanup")
    selection = Selection(missing, changed, references)
    named = missing or changed or bool(references)
    if dry_run and named:
        raise click.UsageError("give --dry-run or what to bring back, not both")
    if not (dry_run or named or context.interactive):
        raise click.UsageError("give what to bring back (--missing, --changed, TASK) or --dry-run")
    choose = partial(_choose, context, selection, named or dry_run)
    result = workflow.recover(context.app, to, choose=choose, lock_timeout=lock_timeout)
    context.console.emit(result)
    if result.overtaken:
        raise TtOpsError(
            "tasks-overtaken",
            f"{counted(len(result.overtaken), 'task')} changed while the tables were compared, and "
            "stayed as they are",
            hint=f"compare again: tt-ops tasks recover --to {result.at} --dry-run",
        )


def _choose(
    context: Context, selection: Selection, is_chosen: bool, result: RecoverResult
) -> Selection:
    """Ask which tasks to bring back, or to agree to those chosen before; raise for a no."""
    from tasktracker_ops.models.task_recovery import Selection
    from tasktracker_ops.output.task_recovery import differences, question

    is_dry_run = is_chosen and selection == Selection()
    if is_dry_run or not context.interactive or not (result.missing or result.changed):
        return selection
    context.console.note(differences(result, shutil.get_terminal_size().columns) + "\n")
    if is_chosen:
        context.confirm(question(result, selection))
        return selection
    kinds = [name for name in ("missing", "changed") if getattr(result, name)]
    answers = [*kinds, *(["both"] if len(kinds) == 2 else []), "nothing"]
    answer = click.prompt("Bring back", type=click.Choice(answers), default="nothing", err=True)
    return Selection(missing=answer in {"missing", "both"}, changed=answer in {"changed", "both"})
