"""Items as DynamoDB stores them: ``{"title": {"S": "…"}, "version": {"N": "1"}, …}``."""

import re
from dataclasses import asdict
from typing import Any

from idempotency import Record
from partitions import partition_of, status_of
from tasks import STATUSES, Task

Item = dict[str, dict[str, Any]]

_UNKNOWN_TIME = "1970-01-01T00:00:00.000Z"
_WHOLE = re.compile(r"[0-9]{1,15}")


def task_of(item: Item) -> Task:
    """Return the task in an item, also in one that an older version or a hand has written.

    Numbers are read as text, whatever else does not fit as the default; a damaged version is 0,
    a damaged status the first one.
    """
    return Task(
        task_id=_text(item, "task_id"),
        title=_text(item, "title"),
        description=_text(item, "description"),
        status=status_of(partition(item) or "") or STATUSES[0],
        created_at=_text(item, "created_at", _UNKNOWN_TIME),
        updated_at=_text(item, "updated_at", _UNKNOWN_TIME),
        version=whole(item, "version") or 0,
    )


def task_item(task: Task, shards: int) -> Item:
    """Return the item of a task; its status names its partition of the list's index."""
    fields = asdict(task) | {"status": partition_of(task.status, task.task_id, shards)}
    return {
        name: {"N": str(value)} if isinstance(value, int) else {"S": value}
        for name, value in fields.items()
    }


def record_of(item: Item) -> Record:
    """Return the idempotency record in an item; none at all makes one that has expired."""
    return Record(
        record_id=_text(item, "task_id"),
        fingerprint=_text(item, "fingerprint"),
        answer=_text(item, "answer"),
        expires_at=whole(item, "expires_at") or 0,
    )


def record_item(record: Record) -> Item:
    """Return the item of an idempotency record."""
    return {
        "task_id": {"S": record.record_id},
        "fingerprint": {"S": record.fingerprint},
        "answer": {"S": record.answer},
        "expires_at": {"N": str(record.expires_at)},
    }


def _text(item: Item, name: str, default: str = "") -> str:
    value = item.get(name, {})
    text: str = value.get("S") or value.get("N") or default
    return text


def whole(item: Item, name: str) -> int | None:
    """Return an attribute that is a whole number from 0 to 10^15 - 1, else None."""
    number = item.get(name, {}).get("N", "")
    return int(number) if _WHOLE.fullmatch(number) else None


def partition(item: Item) -> str | None:
    """Return the partition of the list's index that holds an item, None for an item in none."""
    text: str | None = item.get("status", {}).get("S")
    return text or None
