"""`tasks edit`: change fields of a task, given one by one or as a text in an editor.

# Comments are only before the first line without "#".
title: Renew the certificate
status: pending

The description: everything after the first empty line.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from tasktracker_ops.errors import TtOpsError, quoted
from tasktracker_ops.models.task import WRITABLE, Task

from .tasks import show

if TYPE_CHECKING:
    from tasktracker_ops.adapters.task_api.client import TaskClient
    from tasktracker_ops.app import App

_BODY = "description"
_HEADERS = [name for name in WRITABLE if name != _BODY]
_CLOSE = "Save and close to change the task; empty the file to leave it as it is."


def edit(app: App, references: Sequence[str], changes: Mapping[str, str]) -> Iterator[Task]:
    """Change the same fields of tasks, one by one."""
    for task in show(app, references):
        yield _send(app.tasks(), task, changes)


def edit_in_editor(app: App, reference: str, open_editor: Callable[[Path], None]) -> Task:
    """Let the user edit a task as a text, and send the fields that were changed.

    `open_editor` returns when the user has closed the file, which only the user can read. A text
    that cannot be sent is kept in it.
    """
    client = app.tasks()
    [task] = show(app, [reference])
    original = _as_text(task, f"Task {task.task_id}, version {task.version}. {_CLOSE}")
    folder = Path(mkdtemp(prefix="tt-ops-task-"))  # mode 0700; editors put copies beside a file
    file = folder / "task.txt"
    file.write_bytes(original)
    text = b""
    try:
        try:
            open_editor(file)
        finally:
            text = file.read_bytes() if file.is_file() else b""
        before = _parse(original)
        changes = {name: value for name, value in _parse(text).items() if value != before[name]}
        edited = _send(client, task, changes) if changes else task
    except BaseException:
        if text not in (b"", original):
            app.report.note(f"Your text was not sent, and is kept in {str(file)!r}.")
            raise
        rmtree(folder)
        raise
    rmtree(folder)
    if not changes:
        app.report.note("Nothing was changed.")
    return edited


def _send(client: TaskClient, task: Task, changes: Mapping[str, str]) -> Task:
    """Change a task unless it has another version by now; then name what somebody else changed."""
    try:
        return client.edit(task.task_id, **changes, if_match=task.version)
    except TtOpsError as error:
        if error.code != "task-changed":
            raise
        theirs = client.show(task.task_id)
        raise TtOpsError(
            error.code,
            f"{task.task_id!r} was changed by somebody else at the same time: "
            f"{_difference(task, theirs)}; your change was not written",
            hint=f"look at it, and edit it again: tt-ops tasks show {shlex.quote(task.task_id)}",
        ) from error


def _difference(before: Task, after: Task) -> str:
    changed = [
        f"{name} {quoted(getattr(before, name) or '')} → {quoted(getattr(after, name) or '')}"
        for name in WRITABLE
        if getattr(before, name) != getattr(after, name)
    ]
    return f"version {before.version} → {after.version}, {', '.join(changed) or 'no field'}"


def _as_text(task: Task, comment: str) -> bytes:
    lines = [f"# {comment}"]
    for name in _HEADERS:
        value = " ".join(str(getattr(task, name) or "").splitlines())
        lines.append(f"{name}: {value}")
    lines += ["", getattr(task, _BODY) or "", ""]
    return "\n".join(lines).encode(errors="surrogatepass")


def _parse(content: bytes) -> dict[str, str]:
    """Return the fields of a text; none if it is empty or has only comments.

    Raises TtOpsError `task-text-invalid`.
    """
    try:
        text = content.removeprefix(b"\xef\xbb\xbf").decode(errors="surrogatepass")
    except UnicodeDecodeError as error:
        raise _invalid(f"{error.object[error.start :][:8]!r} is not UTF-8") from None
    text = text.replace("\r\n", "\n")
    while text.startswith("#"):
        text = text.partition("\n")[2]
    if not text.strip():
        return {}
    head, _, body = text.partition("\n\n")
    fields = {_BODY: body.removesuffix("\n")}
    for line in head.splitlines():
        name, colon, value = line.partition(":")
        name = name.strip()
        if not colon or name not in _HEADERS:
            raise _invalid(f"{quoted(line)} does not begin with {': or '.join(_HEADERS)}:")
        if name in fields:
            raise _invalid(f"it has two lines {name}: …")
        fields[name] = value.strip()
    for name in _HEADERS:
        if name not in fields:
            raise _invalid(f"it has no line {name}: … before the first empty line")
    return fields


def _invalid(reason: str) -> TtOpsError:
    return TtOpsError(
        "task-text-invalid",
        f"the task's text cannot be read: {reason}",
        hint="change single fields instead: tt-ops tasks edit --help",
    )
