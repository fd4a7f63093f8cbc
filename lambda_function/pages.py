"""Lists in pages: no response may be larger than Lambda lets through."""

import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from problems import InvalidCursor
from tasks import Task

MAX_PAGE_BYTES = 4_500_000  # Lambda refuses responses of more than 6 MB

_CHECK_BYTES = 6


@dataclass(frozen=True, slots=True)
class Page:
    """A JSON array of tasks, and the cursor of the next page if there is one."""

    text: str
    cursor: str | None


def first_page(tasks: Iterable[Task]) -> Page:
    """Return as many of the tasks as fit, at least one."""
    texts: list[str] = []
    size = 0
    last = ""
    for task in tasks:
        text = task.json()
        size += len(json.dumps(text))  # as the runtime carries it: escaped, at worst to ASCII
        if texts and size > MAX_PAGE_BYTES:
            return Page(f"[{','.join(texts)}]", cursor_after(last))
        texts.append(text)
        last = task.task_id
    return Page(f"[{','.join(texts)}]", None)


def cursor_after(task_id: str) -> str:
    """Return the cursor of what follows a task: its id and a checksum, in URL-safe base64."""
    check = hashlib.sha256(b"cursor:" + task_id.encode()).digest()[:_CHECK_BYTES]
    return base64.urlsafe_b64encode(check + task_id.encode()).decode().rstrip("=")


def task_id_of(cursor: str) -> str:
    """Return the task id in a cursor; raise ``InvalidCursor`` unless this service made it."""
    try:
        decoded = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        task_id = decoded[_CHECK_BYTES:].decode()
    except ValueError:
        task_id = ""
    if not task_id or cursor_after(task_id) != cursor:
        raise InvalidCursor("Take cursors from the Link header of a list.")
    return task_id
