"""`tasks import`: tasks out of JSON lines, each made once however often the import is run.

A line is known by its `task_id`, else by its content and how often that has occurred before. It is
skipped when the task of that id, or the one that was made of it before, exists. What is posted
carries an `Idempotency-Key` derived from all that, for what was posted and not recorded: the API
then answers with the task as it was made, and it is looked up whether that is still there.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tasktracker_ops.errors import ExitCode, TtOpsError, counted, quoted
from tasktracker_ops.models import FailedLine, Imported, Task

if TYPE_CHECKING:
    from tasktracker_ops.adapters.import_record import ImportRecord
    from tasktracker_ops.adapters.task_client import TaskClient
    from tasktracker_ops.app import App

_WORKERS = 4
_WINDOW = 16  # lines under way or waiting for their turn
_WRITABLE = ("title", "description", "status")
_SERVERS = ("task_id", "created_at", "updated_at", "version")
_TASK_ID = re.compile(r"[A-Za-z0-9._~-]{1,128}")  # what the API can have
_CLOCKS = timedelta(seconds=2)  # by which those of the API and of the function may differ
_LINES_FAULT = {"task-invalid", "task-too-large", "idempotency-key-reused"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line that describes a task; `identity` tells it from all others of the file."""

    identity: str
    task_id: str | None
    fields: dict[str, str]

    def key(self, known: str | None) -> str:
        """The Idempotency-Key of the task that takes the place of `known`, one that is gone."""
        content = json.dumps([self.identity, known, self.fields], sort_keys=True)
        return f"tt-ops-import-{hashlib.sha256(content.encode()).hexdigest()}"


class Outcome:
    """What has become of the lines so far; those that failed are told to `tell`, in their order."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.created = self.already_there = 0
        self.failed: list[FailedLine] = []
        self.problem: TtOpsError | None = None
        self._tell = tell

    @property
    def lines(self) -> int:
        """How many have been dealt with."""
        return self.created + self.already_there + len(self.failed)

    def fail(self, number: int, reason: str) -> None:
        """A line cannot be imported."""
        self.failed.append(FailedLine(number, reason))
        self._tell(f"line {number}: {reason}")

    def settle(self, number: int, end: Future[bool] | str) -> None:
        """Wait for a line's end, and count it; a text is why it never began."""
        if isinstance(end, str):
            self.fail(number, end)
            return
        try:
            created = end.result()
        except TtOpsError as error:
            if error.code in _LINES_FAULT:
                self.fail(number, error.message)
            else:
                self.problem = self.problem or error
        else:
            self.created += created
            self.already_there += not created

    def result(self) -> Imported:
        """The summary."""
        complete = self.problem is None
        return Imported(self.created, self.already_there, tuple(self.failed), complete)


def import_file(app: App, file: Path) -> tuple[Imported, TtOpsError | None]:
    """Import a file's lines, remembering beside it in `FILE.imported` what was made of which."""
    if not file.is_file():  # a pipe can be read once, and has no place beside it
        with file.open("rb") as lines:
            return import_tasks(app, lines, name=str(file))
    with file.open("rb") as lines:
        total = sum(1 for line in lines if line.strip())
        lines.seek(0)
        kept = file.with_name(f"{file.name}.imported")
        return import_tasks(app, lines, name=str(file), total=total, record_file=kept)


def import_tasks(
    app: App,
    lines: Iterable[bytes],
    *,
    name: str,
    total: int | None = None,
    record_file: Path | None = None,
) -> tuple[Imported, TtOpsError | None]:
    """Make a task of each line, a few at a time; returns the outcome, and its error if it has one.

    A line that is no task is told and left out; what is wrong with the API ends the import.
    """
    client = app.tasks()
    outcome = Outcome(app.report.note)
    window: deque[tuple[int, Future[bool] | str]] = deque()

    def settle() -> None:
        outcome.settle(*window.popleft())
        app.report.progress("importing tasks", outcome.lines, total)

    with app.import_record(record_file, client.api_url) as record:
        maker = _Maker(client, record)
        pool = ThreadPoolExecutor(_WORKERS)
        try:
            for number, line in _read(lines):
                end = line if isinstance(line, str) else pool.submit(maker.make, line)
                window.append((number, end))
                if len(window) == _WINDOW:
                    settle()
                if outcome.problem is not None:
                    break
            while window and outcome.problem is None:
                settle()
        except KeyboardInterrupt:
            raise TtOpsError(
                "interrupted",
                f"interrupted after {counted(outcome.lines, 'line')} of {name!r}",
                hint=_again(name),
                exit_code=ExitCode.INTERRUPTED,
            ) from None
        finally:
            pool.shutdown(cancel_futures=True)  # what is under way is recorded
    for number, end in window:
        if isinstance(end, str) or not end.cancelled():
            outcome.settle(number, end)
    return outcome.result(), _error(outcome, name)


class _Maker:
    """Makes a task of a line, unless there is one."""

    def __init__(self, client: TaskClient, record: ImportRecord) -> None:
        self._client = client
        self._record = record
        self._started = _server_time(client)

    def make(self, line: Line) -> bool:
        """Whether a task was made; False if it was there."""
        known = self._record.task_id(line.identity) or line.task_id
        if known is not None and self._exists(known):
            return False
        while True:
            task = self._client.add(**line.fields, idempotency_key=line.key(known))
            age = self._age(task)
            if age < -_CLOCKS or self._exists(task.task_id):
                break
            known = task.task_id  # made by a run before, and removed since
        self._record.note(line.identity, task.task_id)
        return age <= timedelta()

    def _age(self, task: Task) -> timedelta:
        """How long before this import a task was made."""
        return self._started - datetime.fromisoformat(task.created_at or "9999-12-31T00:00:00Z")

    def _exists(self, task_id: str) -> bool:
        if _TASK_ID.fullmatch(task_id) is None:
            return False
        try:
            self._client.show(task_id)
        except TtOpsError as error:
            if error.code != "task-not-found":
                raise
            return False
        return True


def _server_time(client: TaskClient) -> datetime:
    """What time it is for the API, to the second below; without a word of it, our own time."""
    try:
        return parsedate_to_datetime(client.probe("health").headers.get("Date", ""))
    except ValueError:
        return datetime.now(UTC)


def _read(lines: Iterable[bytes]) -> Iterator[tuple[int, Line | str]]:
    """The numbers of lines, and which task they describe, or why none; empty ones do not count."""
    same: Counter[str] = Counter()
    seen: dict[str, int] = {}
    for number, content in enumerate(lines, 1):
        if not content.strip():
            continue
        try:
            task_id, fields = _parse(content.removeprefix(b"\xef\xbb\xbf"))
            if task_id is not None and seen.setdefault(task_id, number) != number:
                raise ValueError(f"it repeats the task_id of line {seen[task_id]}")
        except ValueError as error:
            yield number, str(error)
            continue
        identity = f"task_id {task_id}"
        if task_id is None:
            text = json.dumps(fields, sort_keys=True)
            same[text] += 1
            identity = f"content {text} {same[text]}"
        yield number, Line(identity, task_id, fields)


def _parse(content: bytes) -> tuple[str | None, dict[str, str]]:
    """The id and the writable fields of a line; raises ValueError with what is wrong with it."""
    try:
        task = json.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is no JSON in UTF-8: {error}") from None
    if not isinstance(task, dict):
        raise ValueError("it is no JSON object")
    unknown = sorted(set(task) - {*_WRITABLE, *_SERVERS})
    if unknown:
        raise ValueError(f"it has the unknown field {quoted(unknown[0])}")
    given = {name: task[name] for name in ("task_id", *_WRITABLE) if task.get(name) is not None}
    for name, value in given.items():
        if not isinstance(value, str):
            raise ValueError(f"its {name} is no text")
    if "title" not in given:
        raise ValueError("it has no title")
    return given.pop("task_id", None), given


def _error(outcome: Outcome, name: str) -> TtOpsError | None:
    problem = outcome.problem
    if problem is not None:
        # Whoever is not let in has something else to do first.
        return TtOpsError(
            problem.code,
            f"{problem.message}; the import ended there",
            hint=problem.hint if problem.code == "api-forbidden" else _again(name),
            exit_code=problem.exit_code,
        )
    if outcome.failed:
        lines = counted(outcome.lines, "line")
        return TtOpsError(
            "lines-failed",
            f"{len(outcome.failed):,} of {lines} of {name!r} were not imported",
            hint=f"mend those lines, and run it again: {_command(name)}",
        )
    return None


def _again(name: str) -> str:
    return f"the same command goes on where it ended: {_command(name)}"


def _command(name: str) -> str:
    return f"tt-ops tasks import {shlex.quote(name)}"
