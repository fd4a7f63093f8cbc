"""`tasks`: the HTTP client of the API."""

from __future__ import annotations

import shlex

import click

from tasktracker_ops.errors import ExitCode, TtOpsError

from .options import Context, Group, pass_context, setting

STATUSES = click.Choice(["pending", "in_progress", "done"])


@click.group(cls=Group)
@setting("--api-url", metavar="URL", help="Talk to this API; AWS is not asked.")
def tasks() -> None:
    """List, add, show, edit and remove tasks over HTTP.

    \b
    Example:
      tt-ops tasks --api-url https://tasks.example.com list
    """


@tasks.command("list")
@pass_context
def list_tasks(context: Context) -> None:
    """List all tasks, newest first.

    \b
    Example:
      tt-ops tasks list --output json
    """
    from tasktracker_ops.models import Tasks

    context.console.emit(Tasks(tuple(context.app.tasks().list())))


@tasks.command()
@click.argument("title")
@click.option("--description", metavar="TEXT", help="Up to 4,000 characters.")
@click.option("--status", type=STATUSES, help="Default: pending.")
@pass_context
def add(context: Context, title: str, description: str | None, status: str | None) -> None:
    """Add a task.

    \b
    Example:
      tt-ops tasks add "Renew the certificate" --description "Before Friday"
    """
    fields = _given(title=title, description=description, status=status)
    context.console.emit(context.app.tasks().add(fields))


@tasks.command()
@click.argument("task_id")
@pass_context
def show(context: Context, task_id: str) -> None:
    """Show one task.

    \b
    Example:
      tt-ops tasks show 019a0000-0000-7000-8000-000000000000
    """
    context.console.emit(context.app.tasks().show(task_id))


@tasks.command()
@click.argument("task_id")
@click.option("--title", metavar="TEXT", help="1 to 200 characters.")
@click.option("--description", metavar="TEXT", help="Up to 4,000 characters.")
@click.option("--status", type=STATUSES)
@pass_context
def edit(
    context: Context, task_id: str, title: str | None, description: str | None, status: str | None
) -> None:
    """Change the given fields of a task.

    \b
    Example:
      tt-ops tasks edit 019a0000-0000-7000-8000-000000000000 --status in_progress
    """
    fields = _given(title=title, description=description, status=status)
    if not fields:
        raise TtOpsError(
            "nothing-to-change",
            f"no field of the task {task_id!r} was given",
            hint=f"give one: tt-ops tasks edit {shlex.quote(task_id)} --status done",
            exit_code=ExitCode.USAGE,
        )
    context.console.emit(context.app.tasks().edit(task_id, fields))


@tasks.command()
@click.argument("task_id")
@pass_context
def done(context: Context, task_id: str) -> None:
    """Mark a task as done.

    \b
    Example:
      tt-ops tasks done 019a0000-0000-7000-8000-000000000000
    """
    context.console.emit(context.app.tasks().edit(task_id, {"status": "done"}))


@tasks.command()
@click.argument("task_id")
@pass_context
def rm(context: Context, task_id: str) -> None:
    """Remove a task.

    \b
    Example:
      tt-ops tasks rm 019a0000-0000-7000-8000-000000000000
    """
    from tasktracker_ops.models import Removed

    context.app.tasks().remove(task_id)
    context.console.emit(Removed(task_id))


def _given(**fields: str | None) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value is not None}
