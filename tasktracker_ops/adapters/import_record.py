"""What became of the lines of an imported file: a file beside it, so that they are imported once.

The API forgets an `Idempotency-Key` after 24 hours, and this does not.
"""

from __future__ import annotations

import hashlib
import re
import shlex
import threading
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from tasktracker_ops.errors import TtOpsError

_LINE = re.compile(r"([0-9a-f]{32}) (\S+)\n")


class ImportRecord:
    """The task that was made of each line, for each API; written as it happens, by any thread."""

    def __init__(self, file: Path | None, api_url: str) -> None:
        """Without a file nothing is kept. Raises TtOpsError where there cannot be one."""
        self._api_url = api_url
        self._tasks: dict[str, str] = {}
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        if file is not None:
            self._file = _opened(file)
            self._read(self._file)

    def __enter__(self) -> ImportRecord:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def task_id(self, line: str) -> str | None:
        """The task that was made of a line, by the line's identity."""
        return self._tasks.get(self._digest(line))

    def note(self, line: str, task_id: str) -> None:
        """Remember the task that was made of a line."""
        with self._lock:
            self._tasks[self._digest(line)] = task_id
            if self._file is not None:
                # One write: a process that is killed leaves whole lines, or half of the last.
                self._file.write(f"{self._digest(line)} {task_id}\n".encode())

    def _read(self, file: BinaryIO) -> None:
        file.seek(0)
        text = file.read().decode(errors="replace")
        self._tasks.update(_LINE.findall(text))
        if text and not text.endswith("\n"):
            file.write(b"\n")

    def _digest(self, line: str) -> str:
        return hashlib.sha256(f"{self._api_url}\n{line}".encode(errors="replace")).hexdigest()[:32]


def _opened(file: Path) -> BinaryIO:
    try:
        return file.open("a+b", buffering=0)
    except OSError as error:
        lines = shlex.quote(str(file).removesuffix(".imported"))
        raise TtOpsError(
            "file-refused",
            f"{str(file)!r} cannot be used to remember what is imported: {error.strerror}",
            hint=f"let the API remember it, for 24 hours: tt-ops tasks import - < {lines}",
        ) from error
