"""`tasks`: the HTTP client of the API."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from tasktracker_ops.errors import ExitCode, TtOpsError

from .command import Family
from .completion import offering
from .context import Context, Destination, pass_context
from .options import WholeNumber, setting, yes_option
from .recover import recover

if TYPE_CHECKING:
    from tasktracker_ops.app import App
    from tasktracker_ops.models.task import Task

FAMILY = Family("Use")

STATUSES = click.Choice(["pending", "in_progress", "done"])
_PAGE = 50


def _tasks_of_last_list(app: App, typed: str) -> Iterable[tuple[str, str]]:
    """Return the tasks of the last list by their endings, with their titles."""
    from tasktracker_ops.models.task import endings

    titles = app.task_memory.last_list_here()
    short = dict(zip(endings(list(titles)), titles.values(), strict=True))
    # What began as a whole id goes on as one.
    return (short if any(each.startswith(typed) for each in short) else titles).items()


_complete_task = offering(_tasks_of_last_list, needs_aws=False)
_task = click.argument("reference", metavar="TASK", shell_complete=_complete_task)
_tasks = click.argument(
    "references", metavar="TASK...", nargs=-1, required=True, shell_complete=_complete_task
)


@FAMILY.group()
@setting(
    "--api-url",
    cls=Destination,
    metavar="URL",
    help="Use the API at this URL, without AWS.",
)
def tasks() -> None:
    """List, add, edit, remove, recover, export and import tasks.

    TASK is the id of a task, at least four characters of its end or beginning, or its number
    in the last list that a terminal showed: 3, or '#3' in quotes.

    \b
    Example:
      tt-ops tasks --api-url https://tasks.example.com list
    """


@tasks.command("list", form="csv")
@click.option("--all", "everything", is_flag=True, help="List all tasks.")
@click.option(
    "--limit", type=WholeNumber(min=1), metavar="N", help=f"Number of tasks. Default: {_PAGE}."
)
@click.option("--status", type=STATUSES, help="Only tasks with this status.")
@pass_context
def list_tasks(context: Context, everything: bool, limit: int | None, status: str | None) -> None:
    """List the newest tasks.

    \b
    Example:
      tt-ops tasks list --all --status pending --output csv
    """
    from tasktracker_ops.workflows import tasks as workflow

    if everything and limit is not None:
        raise click.UsageError("give --all or --limit, not both")
    limit = None if everything else limit or _PAGE
    numbered = context.settings.output == "table" and sys.stdout.isatty()
    context.console.emit(
        workflow.list_newest(context.app, status=status, limit=limit, numbered=numbered)
    )


@tasks.command()
@click.argument("titles", metavar="TITLE...", nargs=-1, required=True)
@click.option("--description", metavar="TEXT", help="Up to 4,000 characters.")
@click.option("--status", type=STATUSES, help="Default: pending.")
@pass_context
def add(
    context: Context, titles: tuple[str, ...], description: str | None, status: str | None
) -> None:
    """Add tasks; a title of - adds one for each line of standard input.

    \b
    Example:
      tt-ops tasks add "Renew the certificate" --description "Before Friday"
      grep -h TODO *.txt | tt-ops tasks add -
    """
    from tasktracker_ops.workflows import tasks as workflow

    if len(titles) == 1 and titles[0] != "-":
        task = context.app.tasks().add(titles[0], description=description, status=status)
        context.console.emit(task)
        return
    again = "tt-ops tasks add " + ("-" if "-" in titles else "TITLE")
    workflow.add(
        context.app,
        _titles(titles),
        description=description,
        status=status,
        show=lambda task: context.console.stream([task]),
        again=again,
    )


def _titles(titles: tuple[str, ...]) -> Iterator[str]:
    for title in titles:
        if title != "-":
            yield title
            continue
        for number, line in enumerate(sys.stdin.buffer, 1):
            try:
                # Some editors begin a file with a byte order mark.
                text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            except UnicodeDecodeError:
                raise TtOpsError(
                    "title-unreadable",
                    f"line {number} of standard input is not UTF-8",
                    hint="the lines before it were added; add the rest again: tt-ops tasks add -",
                ) from None
            if text:
                yield text


@tasks.command()
@_tasks
@pass_context
def show(context: Context, references: tuple[str, ...]) -> None:
    """Show tasks with all their fields.

    \b
    Example:
      tt-ops tasks show 3
      tt-ops tasks show 019a0000-0000-7000-8000-000000000000
    """
    from tasktracker_ops.models.task import ShowResult
    from tasktracker_ops.workflows import tasks as workflow

    _print(context, workflow.show(context.app, references), len(references), ShowResult.of)


def _print(
    context: Context, tasks: Iterator[Task], count: int, one_of_several: Callable[[Task], Task]
) -> None:
    if count == 1:
        context.console.emit(next(tasks))
    else:
        context.console.stream(map(one_of_several, tasks))


@tasks.command()
@_task
@click.option("--title", metavar="TEXT", help="1 to 200 characters.")
@click.option("--description", metavar="TEXT", help="Up to 4,000 characters.")
@click.option("--status", type=STATUSES, help="The new status.")
@pass_context
def edit(
    context: Context, reference: str, title: str | None, description: str | None, status: str | None
) -> None:
    """Change the given fields of a task, or all of them in your editor.

    The editor is $VISUAL, $EDITOR or the system's default. Changes that somebody else made
    in the meantime are never overwritten. A text that cannot be sent is kept in a file.

    \b
    Example:
      tt-ops tasks edit 3 --status in_progress
    """
    from tasktracker_ops.workflows import edit_task as workflow

    options = {"title": title, "description": description, "status": status}
    fields = {name: value for name, value in options.items() if value is not None}
    if fields:
        context.console.emit(next(workflow.edit(context.app, [reference], fields)))
    elif context.interactive and sys.stdout.isatty():
        context.console.emit(workflow.edit_in_editor(context.app, reference, _open_editor))
    else:
        raise TtOpsError(
            "nothing-to-change",
            f"no field to change of the task {reference!r} was given, and an editor needs "
            "a terminal",
            hint=f"name a field: tt-ops tasks edit {shlex.quote(reference)} --status done",
            exit_code=ExitCode.USAGE,
        )


def _open_editor(file: Path) -> None:
    try:
        click.edit(filename=str(file))
    except (click.ClickException, ValueError) as error:
        reason = error.message if isinstance(error, click.ClickException) else str(error)
        raise TtOpsError(
            "editor-failed",
            f"the editor failed, and nothing was changed: {reason}",
            hint="choose another editor and try again: export EDITOR=nano",
        ) from error


@tasks.command()
@_tasks
@pass_context
def done(context: Context, references: tuple[str, ...]) -> None:
    """Mark tasks as done.

    \b
    Example:
      tt-ops tasks done 1 4 7f3a
    """
    from tasktracker_ops.models.task import DoneResult
    from tasktracker_ops.workflows import edit_task as workflow

    done = workflow.edit(context.app, references, {"status": "done"})
    _print(context, done, len(references), DoneResult.of)


@tasks.command()
@_tasks
@yes_option("the removal")
@pass_context
def rm(context: Context, references: tuple[str, ...]) -> None:
    """Remove tasks, stopping at the first that does not exist.

    On a terminal, shows them and asks first. For a day, `tasks restore` brings them back.

    \b
    Example:
      tt-ops tasks rm 3 7f3a
    """
    from tasktracker_ops.workflows import remove_tasks as workflow

    approve = partial(_confirm, context, "Remove") if context.interactive else None
    context.console.stream(workflow.remove(context.app, references, approve=approve))


@tasks.command()
@click.argument("references", metavar="[TASK]...", nargs=-1, shell_complete=_complete_task)
@yes_option("restoring them")
@pass_context
def restore(context: Context, references: tuple[str, ...]) -> None:
    """Bring back tasks that this machine removed in the last day.

    Without TASK, all of them. They have their ids, titles, descriptions and statuses again,
    and new times.

    \b
    Example:
      tt-ops tasks restore 7f3a
    """
    from tasktracker_ops.workflows import remove_tasks as workflow

    ask = context.interactive and not references
    approve = partial(_confirm, context, "Restore") if ask else None
    context.console.stream(workflow.restore(context.app, references, approve=approve))


tasks.add_command(recover)


def _confirm(context: Context, verb: str, tasks: Sequence[Task]) -> None:
    from tasktracker_ops.output.task import question

    context.confirm(question(verb, tasks))


@tasks.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@pass_context
def export(context: Context, file: Path) -> None:
    """Write all tasks as JSON lines to FILE, or to - (stdout).

    The oldest task comes first. FILE is written completely or not at all.

    \b
    Example:
      tt-ops tasks export tasks.jsonl
    """
    from tasktracker_ops.output.text import as_json
    from tasktracker_ops.workflows.export_tasks import export_tasks, write_tasks

    to_line = partial(as_json, indent=None)
    if str(file) == "-":
        write_tasks(context.app, sys.stdout.buffer, to_line)
    else:
        context.console.emit(export_tasks(context.app, file, to_line))


@tasks.command("import")
@click.argument("file", type=click.File("rb"))
@pass_context
def import_tasks(context: Context, file: BinaryIO) -> None:
    """Create a task from each JSON line of FILE, or of - (stdin).

    Importing a file again changes nothing: each task is created under its task_id, and an
    existing task stays as it is. A line without a task_id gets one derived from its
    content; such tasks are listed after all others.

    \b
    Example:
      tt-ops tasks import tasks.jsonl
    """
    from tasktracker_ops.workflows import import_tasks as workflow

    name = "-" if file is sys.stdin.buffer else file.name
    result, error = workflow.import_tasks(context.app, file, name)
    context.console.emit(result)
    if error is not None:
        raise error
