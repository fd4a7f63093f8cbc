"""`tasks list` and `tasks add`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

from tasktracker_ops.errors import ExitCode, TtOpsError, counted, quoted
from tasktracker_ops.models.task import AddResult, Task, TaskList

if TYPE_CHECKING:
    from tasktracker_ops.app import App


def list_newest(app: App, *, status: str | None, limit: int | None) -> TaskList:
    """Return the newest tasks, all of them without a limit; note if there are more."""
    client = app.tasks()
    result: list[Task] = []
    for task in client.list(status, None if limit is None else limit + 1):
        result.append(task)
        app.report.progress("reading tasks", len(result), None)
    if limit is not None and len(result) > limit:
        app.report.note(f"These are the newest {limit:,}; --all shows the rest too.")
    return TaskList(tuple(result[:limit]))


def add(
    app: App,
    titles: Iterable[str],
    *,
    description: str | None,
    status: str | None,
    show: Callable[[AddResult], None],
    again: str,
) -> None:
    """Add a task for each title as it arrives; stop at the first that fails, and name it.

    Stop also when the output is closed, and name the last task that was added. `again` is the
    command that adds the rest: `tt-ops tasks add -`.
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
                    hint=f"the titles before it were added; add it and the rest: {again}"
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
            hint="see whether one more was added: tt-ops tasks list",
            exit_code=ExitCode.INTERRUPTED,
        ) from None
    except BrokenPipeError:
        app.report.note(f"{quoted(title)} was added, and nothing after it.")
        raise
    if added == 0:
        app.report.note("There was no title: nothing was added.")
