"""`tasks export`: write all tasks as JSON lines, oldest first, which an import keeps."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import IO, TYPE_CHECKING

from tasktracker_ops.models.task import ExportResult, Task

if TYPE_CHECKING:
    from tempfile import _TemporaryFileWrapper

    from tasktracker_ops.app import App


def export_tasks(app: App, file: Path, form: Callable[[Task], str]) -> ExportResult:
    """Write all tasks to a file, completely or not at all; a new file is private to its owner."""
    file = file.resolve()  # a link is kept
    if file.exists() and not file.is_file():
        with file.open("wb") as target:  # a pipe or a device cannot be replaced
            return ExportResult(file, write_tasks(app, target, form))
    with _temporary_beside(file) as target:
        try:
            tasks = write_tasks(app, target, form)
            target.flush()
            os.fsync(target.fileno())
            if file.exists():
                os.chmod(target.name, file.stat().st_mode)
            os.replace(target.name, file)
        except BaseException:
            os.unlink(target.name)
            raise
    return ExportResult(file, tasks)


def _temporary_beside(file: Path) -> _TemporaryFileWrapper[bytes]:
    """Create a temporary file in the same folder; an OSError names `file`."""
    try:
        return NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(file)) from error


def write_tasks(app: App, target: IO[bytes], form: Callable[[Task], str]) -> int:
    """Write all tasks, one per line, and return how many; read all of them before writing."""
    with TemporaryFile() as spool:
        ends = array("Q", [0])
        for task in app.tasks().list():
            spool.write(f"{form(task)}\n".encode())
            ends.append(spool.tell())
            app.report.progress("exporting tasks", len(ends) - 1, None)
        # The API lists the newest first, and memory may be too small for all of them.
        for start, end in zip(reversed(ends[:-1]), reversed(ends[1:]), strict=True):
            spool.seek(start)
            target.write(spool.read(end - start))
        target.flush()
        return len(ends) - 1
