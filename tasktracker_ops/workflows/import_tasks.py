"""`tasks import`: create tasks from JSON lines, each under its own id and therefore once.

A line without a `task_id` gets one derived from its content and from how often that content came
before in the file, so that a repeated import creates no task twice.
"""

from __future__ import annotations

import hashlib
import json
import shlex
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import fields
from typing import TYPE_CHECKING, Any, BinaryIO

from tasktracker_ops.errors import ExitCode, TtOpsError, counted, quoted
from tasktracker_ops.frozen import dataclass
from tasktracker_ops.models.task import WRITABLE, FailedLine, ImportResult, Task

if TYPE_CHECKING:
    from tasktracker_ops.app import App

_WORKERS = 4
_WINDOW = 16  # lines in progress or waiting for their turn
_SERVICE_FIELDS = {field.name for field in fields(Task)} - set(WRITABLE)
_LINE_ERRORS = {"parameter-invalid", "task-invalid", "task-too-large"}


@dataclass(frozen=True, slots=True)
class ImportLine:
    """The task that a line describes."""

    task_id: str
    fields: dict[str, Any]


class ImportTally:
    """Counts the results of the lines, and reports those that failed, in their order."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self.created = self.already_there = 0
        self.failed: list[FailedLine] = []
        self.problem: TtOpsError | None = None
        self._report = report

    @property
    def lines(self) -> int:
        """Return how many lines are done."""
        return self.created + self.already_there + len(self.failed)

    def add(self, number: int, result: Future[bool] | str) -> None:
        """Wait for a line's result and count it; a string is the reason why it was not sent."""
        if isinstance(result, str):
            self._fail(number, result)
            return
        try:
            created = result.result()
        except TtOpsError as error:
            if error.code in _LINE_ERRORS:
                self._fail(number, error.message)
            else:
                self.problem = self.problem or error
        else:
            self.created += created
            self.already_there += not created

    def _fail(self, number: int, reason: str) -> None:
        self.failed.append(FailedLine(number, reason))
        self._report(f"line {number}: {reason}")

    def result(self) -> ImportResult:
        """Return the summary."""
        complete = self.problem is None
        return ImportResult(self.created, self.already_there, tuple(self.failed), complete)


def import_tasks(app: App, file: BinaryIO, name: str) -> tuple[ImportResult, TtOpsError | None]:
    """Create a task from each line, a few at a time; return the result, and the error if any.

    `name` is the file's name on the command line. A line that is not a task is reported and
    skipped; an error of the API ends the import.
    """
    client = app.tasks()
    total = _count(file) if file.seekable() else None
    tally = ImportTally(app.report.note)
    window: deque[tuple[int, Future[bool] | str]] = deque()

    def finish_first() -> None:
        tally.add(*window.popleft())
        app.report.progress("importing tasks", tally.lines, total)

    pool = ThreadPoolExecutor(_WORKERS)
    try:
        for number, line in _read(file):
            sent = (
                line
                if isinstance(line, str)
                else pool.submit(client.create_under_id, line.task_id, line.fields)
            )
            window.append((number, sent))
            if len(window) == _WINDOW:
                finish_first()
            if tally.problem is not None:
                break
        while window and tally.problem is None:
            finish_first()
    except KeyboardInterrupt:
        raise TtOpsError(
            "interrupted",
            f"interrupted after {counted(tally.lines, 'line')} of {name!r}",
            hint=_again(name),
            exit_code=ExitCode.INTERRUPTED,
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)
    for number, sent in window:
        if isinstance(sent, str) or not sent.cancelled():
            tally.add(number, sent)
    return tally.result(), _error(tally, name)


def _count(file: BinaryIO) -> int:
    """Return how many lines are not empty; the file stays where it is."""
    start = file.tell()
    total = sum(1 for line in file if line.strip())
    file.seek(start)
    return total


def _read(lines: Iterable[bytes]) -> Iterator[tuple[int, ImportLine | str]]:
    """Yield the number of each line that is not empty, and its task or why it has none."""
    repeats: Counter[str] = Counter()
    first_lines: dict[str, int] = {}
    for number, content in enumerate(lines, 1):
        if not content.strip():
            continue
        try:
            task_id, written = _parse(content.removeprefix(b"\xef\xbb\xbf"))
        except ValueError as error:
            yield number, str(error)
            continue
        if task_id is None:
            text = json.dumps(written, sort_keys=True)
            repeats[text] += 1
            task_id = _derived_id(f"{text} {repeats[text]}")
        first = first_lines.setdefault(task_id, number)
        if first != number:
            yield number, f"its task_id repeats that of line {first}"
        else:
            yield number, ImportLine(task_id, written)


def _parse(content: bytes) -> tuple[str | None, dict[str, Any]]:
    """Return a line's id and its other fields; raise ValueError if it is not a JSON object.

    Fields that only the service writes are left out; the service validates the rest.
    """
    try:
        task = json.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not JSON in UTF-8: {error}") from None
    if not isinstance(task, dict):
        raise ValueError("it is not a JSON object")
    task_id = task.get("task_id")
    if task_id is not None:
        _require_uuid(task_id)
    written = {name: v for name, v in task.items() if name not in _SERVICE_FIELDS}
    return task_id, {name: value for name, value in written.items() if value is not None}


def _require_uuid(task_id: Any) -> None:
    try:
        uuid.UUID(task_id)
    except (ValueError, AttributeError):
        raise ValueError(f"its task_id {quoted(str(task_id))} is not a UUID") from None


def _derived_id(content: str) -> str:
    """Return a UUID derived from a text; it sorts before all others, so lists show it last."""
    digest = hashlib.sha256(content.encode()).digest()
    return str(uuid.UUID(bytes=bytes(6) + digest[:10], version=4))


def _error(tally: ImportTally, name: str) -> TtOpsError | None:
    problem = tally.problem
    if problem is not None:
        hints = {  # where the same command would fail again
            "api-forbidden": problem.hint,
            "task-not-found": "the deployed API is older than this tt-ops: tt-ops deploy",
        }
        return TtOpsError(
            problem.code,
            f"{problem.message}; the import stopped there",
            hint=hints.get(problem.code, _again(name)),
            exit_code=problem.exit_code,
        )
    if tally.failed:
        lines = counted(tally.lines, "line")
        return TtOpsError(
            "lines-failed",
            f"{len(tally.failed):,} of {lines} of {name!r} were not imported",
            hint=f"fix those lines, and import the file again: {_command(name)}",
        )
    return None


def _again(name: str) -> str:
    return f"the same command continues where it stopped: {_command(name)}"


def _command(name: str) -> str:
    return f"tt-ops tasks import {shlex.quote(name)}"
