"""`tasks list`, `add` and `edit`."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from tasktracker_ops.errors import ExitCode, TtOpsError, counted, quoted
from tasktracker_ops.models.task import WRITABLE, AddResult, Task, TaskList

from .task_form import fields, form

if TYPE_CHECKING:
    from tasktracker_ops.adapters.task_api.client import TaskClient
    from tasktracker_ops.app import App

_CLOSE = "Save and close to change the task; empty the file to leave it as it is."


def newest(app: App, *, status: str | None, limit: int | None) -> TaskList:
    """Return the newest tasks, all of them without a limit; note that there are more."""
    client = app.tasks()
    found: list[Task] = []
    for task in client.list(status, None if limit is None else limit + 1):
        found.append(task)
        app.report.progress("reading tasks", len(found), None)
    if limit is not None and len(found) > limit:
        app.report.note(f"These are the newest {limit:,}, and there are more: --all shows them.")
    return TaskList(tuple(found[:limit]))


def add(
    app: App,
    titles: Iterable[str],
    *,
    description: str | None,
    status: str | None,
    show: Callable[[AddResult], None],
    again: str,
) -> None:
    """Add a task for each title as it comes; stop at one that is refused, and name it.

    Stop too when nobody reads the output any more, and name the last task that was added. `again`
    is the command that adds the rest: `tt-ops tasks add -`.
    """
    client = app.tasks()
    added = 0
    try:
        for title in titles:
            try:
                task = client.add(title, description=description, status=status)
            except TtOpsError as error:
                raise TtOpsError(
                    error.code,
                    f"title {added + 1}, {quoted(title)}, was not added: {error.message}",
                    hint=f"those before it were; give it and the rest again: {again}"
                    if added
                    else error.hint,
                    exit_code=error.exit_code,
                ) from error
            added += 1
            show(AddResult(**asdict(task)))
    except KeyboardInterrupt:
        raise TtOpsError(
            "interrupted",
            f"interrupted after {counted(added, 'title')}",
            hint="see if one more was added: tt-ops tasks list",
            exit_code=ExitCode.INTERRUPTED,
        ) from None
    except BrokenPipeError:
        app.report.note(f"{quoted(title)} was added, and nothing after it.")
        raise
    if added == 0:
        app.report.note("There was no title: nothing was added.")


def edit(app: App, task_id: str, changes: Mapping[str, str]) -> Task:
    """Change fields of a task as it is now."""
    client = app.tasks()
    return _changed(client, client.show(task_id), changes)


def edit_by_hand(app: App, task_id: str, open_editor: Callable[[Path], None]) -> Task:
    """Let the user edit a task as a text; send what differs from the version that was shown.

    `open_editor` returns when the user is done with the file, which only the user can read. A text
    that cannot be sent stays in it.
    """
    client = app.tasks()
    task = client.show(task_id)
    shown = form(task, f"Task {task_id}, version {task.version}. {_CLOSE}")
    folder = Path(mkdtemp(prefix="tt-ops-task-"))  # mode 0700; editors put copies beside a file
    file = folder / "task.txt"
    file.write_bytes(shown)
    typed = b""
    try:
        try:
            open_editor(file)
        finally:
            typed = file.read_bytes() if file.is_file() else b""
        before = fields(shown)
        changes = {name: text for name, text in fields(typed).items() if text != before[name]}
        edited = _changed(client, task, changes) if changes else task
    except BaseException:
        if typed not in (b"", shown):
            app.report.note(f"Your text was not sent, and is kept in {str(file)!r}.")
            raise
        rmtree(folder)
        raise
    rmtree(folder)
    if not changes:
        app.report.note("Nothing was changed.")
    return edited


def _changed(client: TaskClient, task: Task, changes: Mapping[str, str]) -> Task:
    """Change a task unless it has another version by now; then say what somebody else changed."""
    try:
        return client.edit(task.task_id, **changes, if_match=task.version)
    except TtOpsError as error:
        if error.code != "task-changed":
            raise
        theirs = client.show(task.task_id)
        raise TtOpsError(
            error.code,
            f"{task.task_id!r} was changed by somebody else at the same time: "
            f"{_difference(task, theirs)}; nothing of yours was written",
            hint=f"look at it, and edit it again: tt-ops tasks show {shlex.quote(task.task_id)}",
        ) from error


def _difference(before: Task, after: Task) -> str:
    changed = [
        f"{name} {quoted(getattr(before, name) or '')} → {quoted(getattr(after, name) or '')}"
        for name in WRITABLE
        if getattr(before, name) != getattr(after, name)
    ]
    return f"version {before.version} → {after.version}, {', '.join(changed) or 'no field'}"
