"""The tasks of a restored table compared with the present ones, in memory for ids and titles."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from tasktracker_ops.adapters.aws.table_items import KEY, write_marks
from tasktracker_ops.errors import ExitCode, TtOpsError
from tasktracker_ops.frozen import dataclass
from tasktracker_ops.models.task_recovery import RecoverResult, Selection, TaskDifference

from .task_references import match

if TYPE_CHECKING:
    from tasktracker_ops.adapters.aws.table_items import Item, TableItems
    from tasktracker_ops.reporting import Reporter

# Every write changes these, also one that changes a task back.
_NOT_CONTENT = {KEY, "version", "created_at", "updated_at", "write_id"}
_SHARD_MARK = "#"  # as in lambda_function/store.py: what follows is the partition of the index
_FIRST_STATUS = "pending"  # of items that are older than statuses
_LONGEST_KEPT = 200  # characters; of a longer text only a digest is kept
_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class _Task:
    """What is kept of a task: its content, with long texts as digests."""

    content: Mapping[str, str]

    def difference(self, task_id: str, fields: Iterable[str] = ()) -> TaskDifference:
        status = self.content.get("status", _FIRST_STATUS)
        return TaskDifference(task_id, self.content.get("title", ""), status, tuple(fields))

    def changed_fields(self, other: _Task) -> list[str]:
        names = dict.fromkeys([*self.content, *other.content])
        return [name for name in names if self.content.get(name) != other.content.get(name)]


class Comparison:
    """Reads both tables once, the present one last, and remembers what is to be written over."""

    def __init__(self, report: Reporter, earlier: TableItems, present: TableItems) -> None:
        self._report = report
        self._earlier = earlier
        self._present = present
        self._marks: dict[str, Item] = {}

    def result(self, table: str, at: str) -> RecoverResult:
        """Return the differences, each kind in the order of the ids."""
        before = dict(self._read(self._earlier, "reading the tasks of then"))
        missing = set(before)
        changed: list[TaskDifference] = []
        new: list[TaskDifference] = []
        tasks_now = 0
        for task_id, item in self._items(self._present, "reading the tasks of now"):
            tasks_now += 1
            now = _task(item)
            if (then := before.get(task_id)) is None:
                new.append(now.difference(task_id))
                continue
            missing.discard(task_id)
            if fields := then.changed_fields(now):
                changed.append(then.difference(task_id, fields))
                self._marks[task_id] = write_marks(item)
        return RecoverResult(
            table=table,
            at=at,
            tasks_then=len(before),
            tasks_now=tasks_now,
            missing=tuple(before[task_id].difference(task_id) for task_id in sorted(missing)),
            changed=tuple(sorted(changed, key=_by_id)),
            new=tuple(sorted(new, key=_by_id)),
        )

    def chosen(self, selection: Selection, result: RecoverResult) -> dict[str, Item | None]:
        """Return the ids to bring back, each with the marks of what it is written over if any.

        Raises TtOpsError `task-not-lost` for a reference to a task that is what it was.
        """
        titles = {each.task_id: each.title for each in (*result.missing, *result.changed)}
        ids = [each.task_id for each in result.missing if selection.missing]
        ids += [each.task_id for each in result.changed if selection.changed]
        for reference in selection.references:
            found = match(reference, titles)
            if found is None:
                raise TtOpsError(
                    "task-not-lost",
                    f"no task {reference!r} is missing or changed since {result.at}; nothing was "
                    "brought back",
                    hint="see what is: tt-ops tasks recover --dry-run --to " + result.at,
                    exit_code=ExitCode.USAGE,
                )
            ids.append(found)
        return {task_id: self._marks.get(task_id) for task_id in ids}

    def _read(self, items: TableItems, what: str) -> Iterable[tuple[str, _Task]]:
        return ((task_id, _task(item)) for task_id, item in self._items(items, what))

    def _items(self, items: TableItems, what: str) -> Iterable[tuple[str, Item]]:
        count = 0
        for page in items.pages():
            yield from ((str(item[KEY]["S"]), item) for item in page)
            count += len(page)
            self._report.progress(what, count, None)


def _by_id(difference: TaskDifference) -> str:
    return difference.task_id


def _task(item: Item) -> _Task:
    content = {name: _kept(value) for name, value in item.items() if name not in _NOT_CONTENT}
    if "status" in content:
        content["status"] = content["status"].partition(_SHARD_MARK)[0]
    return _Task(content)


def _kept(attribute: Mapping[str, Any]) -> str:
    """Return a text as it is, unless it is long; of any other value its JSON."""
    text = attribute.get("S")
    if text is None:
        text = json.dumps(attribute, sort_keys=True, default=str)
    if len(text) <= _LONGEST_KEPT:
        return str(text)
    return hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES).hexdigest()
