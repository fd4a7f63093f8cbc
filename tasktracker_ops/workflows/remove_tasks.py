"""`tasks rm` and `tasks restore`: remove tasks, and bring back what this machine removed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.task import WRITABLE, RemoveResult, RestoreResult, Task

from .task_references import TaskFinder

if TYPE_CHECKING:
    from tasktracker_ops.app import App

# Gets the tasks; raises unless the user agrees.
Approve = Callable[[Sequence[Task]], None]


def remove(
    app: App, references: Sequence[str], *, approve: Approve | None
) -> Iterator[RemoveResult]:
    """Remove tasks one by one, and keep them for `restore`; stop at the first that fails.

    With `approve`, nothing is removed unless all of them exist.
    """
    client = app.tasks()
    finder = TaskFinder(app, client)
    tasks: Iterable[Task] = (client.show(finder.find(each)) for each in references)
    if approve is not None:
        tasks = list(tasks)
        approve(tasks)
    for task in tasks:
        try:
            app.task_memory.store_removed(client.api_url, task)
        except OSError as error:
            app.report.note(f"{task.task_id!r} cannot be restored: {error}.")
        # What is kept is what is removed.
        client.remove(task.task_id, if_match=task.version)
        yield RemoveResult(task.task_id)


def restore(
    app: App, references: Sequence[str], *, approve: Approve | None
) -> Iterator[RestoreResult]:
    """Create tasks again that this machine removed during the last day; all of them by default.

    Raises TtOpsError `task-not-kept`.
    """
    client, memory = app.tasks(), app.task_memory
    kept = {task.task_id: task for task in memory.removed(client.api_url)}
    titles = {task_id: str(task.title or "") for task_id, task in kept.items()}
    if not kept:
        raise _not_kept("this machine removed no task in the last day")
    finder = TaskFinder(app, client)
    chosen = [finder.find_among(titles, each) for each in references] or list(kept)
    for reference, task_id in zip(references, chosen, strict=False):
        if task_id not in kept:
            raise _not_kept(f"this machine did not remove {reference!r} in the last day")
    tasks = [kept[task_id] for task_id in chosen]
    if approve is not None:
        approve(tasks)
    for task in tasks:
        fields = {name: getattr(task, name) for name in WRITABLE}
        written = {name: value for name, value in fields.items() if value is not None}
        restored = client.create_under_id(task.task_id, written)
        memory.forget_removed(client.api_url, task.task_id)
        yield RestoreResult(task.task_id, task.title, restored)


def _not_kept(message: str) -> TtOpsError:
    return TtOpsError(
        "task-not-kept",
        f"{message}: there is nothing to restore",
        hint="list the tasks that exist: tt-ops tasks list",
    )
