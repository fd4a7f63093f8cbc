"""`tasks list`, `tasks show` and `tasks add`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from tasktracker_ops.errors import ExitCode, TtOpsError, counted, quoted
from tasktracker_ops.models.task import AddResult, Task, TaskList

from .task_references import TaskFinder

if TYPE_CHECKING:
    from tasktracker_ops.app import App


def list_newest(
    app: App, *, status: str | None, limit: int | None, numbered: bool = False
) -> TaskList:
    """Return the newest tasks, all of them without a limit; note if there are more.

    The numbers that a `numbered` list shows are remembered for other commands.
    """
    client = app.tasks()
    result: list[Task] = []
    for task in client.list(status, None if limit is None else limit + 1):
        result.append(task)
        app.report.progress("reading tasks", len(result), None)
    if limit is not None and len(result) > limit:
        app.report.note(f"These are the newest {limit:,}; --all shows the rest too.")
    shown = tuple(result[:limit])
    if numbered:
        try:
            app.task_memory.store_list(client.api_url, shown)
        except OSError as error:
            app.report.note(f"Other commands do not know these numbers: {error}.")
    return TaskList(shown)


def show(app: App, references: Sequence[str]) -> Iterator[Task]:
    """Yield tasks one by one."""
    client = app.tasks()
    finder = TaskFinder(app, client)
    for reference in references:
        yield client.show(finder.find(reference))


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
            show(AddResult.of(task))
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
