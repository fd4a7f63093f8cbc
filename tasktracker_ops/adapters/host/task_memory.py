"""What this machine remembers of tasks: the last numbered list, and what it removed.

Each API has a folder of its own, which only the user can read. A file is replaced as a whole.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tasktracker_ops.models.task import Task

from .files import replace_file

_LIST = "list.json"
_DAY = 86400  # seconds


class TaskMemory:
    """The memory of all APIs; `where` are the settings that lead to one of them."""

    def __init__(self, folder: Path, where: Sequence[str]) -> None:
        self._folder = folder
        self._where = _digest("\n".join(where))

    def store_list(self, api_url: str, tasks: Sequence[Task]) -> None:
        """Remember the ids and titles of a list, in its order. Raises OSError."""
        titles = [(task.task_id, str(task.title or "")) for task in tasks]
        file = self._of(api_url) / _LIST
        try:
            _write(file, {"where": self._where, "tasks": titles})
        except OSError:
            # Otherwise its numbers would be looked up in an older list.
            with suppress(OSError):
                file.unlink()
            raise

    def last_list(self, api_url: str) -> dict[str, str]:
        """Return the titles of the last list by id, in its order."""
        return _titles(_read(self._of(api_url) / _LIST))

    def last_list_here(self) -> dict[str, str]:
        """Return the last list that was read with the same settings, without asking for the API."""
        lists = filter(None, map(_read, self._folder.glob(f"*/{_LIST}")))
        return next((_titles(each) for each in lists if each.get("where") == self._where), {})

    def store_removed(self, api_url: str, task: Task) -> None:
        """Keep a task that is about to be removed, and forget those of days ago. Raises OSError."""
        folder = self._removed(api_url)
        for file, age in _ages(folder):
            if age > _DAY:
                with suppress(OSError):
                    file.unlink()
        _write(self._file_of(api_url, task.task_id), asdict(task))

    def removed(self, api_url: str) -> list[Task]:
        """Return the tasks that were removed during the last day, the oldest removal first."""
        ages = sorted(_ages(self._removed(api_url)), key=lambda pair: -pair[1])
        found = (_read(file) for file, age in ages if age <= _DAY)
        return [Task.from_json(each) for each in found if each and "task_id" in each]

    def forget_removed(self, api_url: str, task_id: str) -> None:
        """Forget a task that exists."""
        with suppress(OSError):
            self._file_of(api_url, task_id).unlink()

    def _of(self, api_url: str) -> Path:
        return self._folder / _digest(api_url)

    def _removed(self, api_url: str) -> Path:
        return self._of(api_url) / "removed"

    def _file_of(self, api_url: str, task_id: str) -> Path:
        return self._removed(api_url) / f"{quote(task_id, safe='')}.json"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _ages(folder: Path) -> Iterator[tuple[Path, float]]:
    """Yield each file of a folder, and how many seconds ago it was written."""
    for file in folder.glob("*.json"):
        with suppress(OSError):
            yield file, time.time() - file.stat().st_mtime


def _titles(content: Mapping[str, Any] | None) -> dict[str, str]:
    return dict(content["tasks"]) if content else {}


def _read(file: Path) -> dict[str, Any] | None:
    """Return the object in a file; None where there is none that can be read."""
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _write(file: Path, content: Mapping[str, Any]) -> None:
    """Write a file as a whole; the user alone can read it, and list the folders made for it."""
    for folder in reversed(file.parents):
        if not folder.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)
    replace_file(file, json.dumps(content).encode(), mode=0o600)
