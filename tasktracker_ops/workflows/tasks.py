"""`tasks list`, `add` and `edit`."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from tasktracker_ops.errors import ExitCode, TtOpsError, counted, quoted
from tasktracker_ops.models import Added, Task, Tasks

if TYPE_CHECKING:
    from tasktracker_ops.app import App

from .task_form import fields, form, remarked, without_remarks

_FIELDS = ("title", "status", "description")
_TEXTS_FAULT = {"task-invalid", "task-too-large", "form-invalid"}
_CLOSE = "Save and close to change the task; empty the file to leave it as it is."


def newest(app: App, *, status: str | None, limit: int | None) -> Tasks:
    """The newest tasks, all of them without a limit; notes that there are more."""
    client = app.tasks()
    found: list[Task] = []
    for task in client.list(status, None if limit is None else limit + 1):
        found.append(task)
        app.report.progress("reading tasks", len(found), None)
    if limit is not None and len(found) > limit:
        app.report.note(f"These are the newest {limit:,}, and there are more: --all shows them.")
    return Tasks(tuple(found[:limit]))


def add(
    app: App,
    titles: Iterable[str],
    *,
    description: str | None,
    status: str | None,
    show: Callable[[Added], None],
    again: str,
) -> None:
    """Add a task for each title as it comes; one that is refused ends it, and is named.

    So does a reader who has left: the last one that was made is named, shown or not. `again` is how
    one gives the rest: `tt-ops tasks add -`.
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
            show(Added(**asdict(task)))
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
    """Change fields of a task as it is now; says what somebody else changed in that moment."""
    client = app.tasks()
    task = client.show(task_id)
    try:
        return client.edit(task_id, **changes, if_match=task.version)
    except TtOpsError as error:
        if error.code != "task-changed":
            raise
        theirs = client.show(task_id)
        raise TtOpsError(
            error.code,
            f"{task_id!r} was changed by somebody else at the same time: "
            f"{_difference(task, theirs)}; nothing of yours was written",
            hint=f"look at it, and edit it again: tt-ops tasks show {shlex.quote(task_id)}",
        ) from error


def edit_by_hand(app: App, task_id: str, *, again: Callable[[str], bool]) -> Task:
    """Let the user edit a task as a text, until it is sent, unchanged or given up.

    What somebody else changed meanwhile is shown, with the user's own changes on top of it. `again`
    asks whether a text that is not valid is to be edited further. One that is not sent is kept.
    """
    client, editor = app.tasks(), app.editor
    base = client.show(task_id)
    text = form(base, [f"Task {task_id}, version {base.version}. {_CLOSE}"])
    while True:
        typed = without_remarks(editor.edit(text))
        with _kept(app, typed):
            try:
                wanted = _changes(base, typed) if typed.strip() else {}
                if not wanted:
                    app.report.note("Nothing was changed.")
                    return base
                return client.edit(task_id, **wanted, if_match=base.version)
            except TtOpsError as error:
                if error.code in _TEXTS_FAULT and again(f"{error.message}. Edit it again?"):
                    text = remarked(typed, [error.message, _CLOSE])
                    continue
                if error.code != "task-changed":
                    raise
                theirs = client.show(task_id)
                if theirs.version == base.version:  # it would be refused again, for ever
                    raise
            remark = f"Somebody else has changed it: {_difference(base, theirs)}."
            base, text = theirs, form(_with(theirs, wanted), [remark, _CLOSE])


@contextmanager
def _kept(app: App, typed: bytes) -> Iterator[None]:
    """Keep what the user typed if it comes to nothing."""
    try:
        yield
    except BaseException:
        app.report.note(f"Your text was not sent, and is kept in {str(app.editor.keep(typed))!r}.")
        raise


def _changes(base: Task, typed: bytes) -> dict[str, str]:
    """The fields that differ from what was shown."""
    shown = fields(form(base, []))
    return {name: value for name, value in fields(typed).items() if value != shown[name]}


def _with(task: Task, changes: Mapping[str, str]) -> Task:
    return replace(
        task,
        title=changes.get("title", task.title),
        status=changes.get("status", task.status),
        description=changes.get("description", task.description),
    )


def _difference(before: Task, after: Task) -> str:
    changed = [
        f"{name} {quoted(getattr(before, name) or '')} → {quoted(getattr(after, name) or '')}"
        for name in _FIELDS
        if getattr(before, name) != getattr(after, name)
    ]
    return f"version {before.version} → {after.version}, {', '.join(changed) or 'no field'}"
