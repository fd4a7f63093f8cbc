"""The tasks of a restored table compared with the present ones, in memory for ids and titles."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from tasktracker_ops.adapters.aws.table_items import KEY, write_marks
from tasktracker_ops.errors import ExitCode, TtOpsError
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
_Content = Mapping[str, str]


class Comparison:
    """Reads both tables once, the present one last, and keeps the marks of what is written over."""

    def __init__(self, report: Reporter, earlier: TableItems, present: TableItems) -> None:
        self._report = report
        self._earlier = earlier
        self._present = present
        self._marks: dict[str, Item] = {}

    def result(self, table: str, at: str) -> RecoverResult:
        """Return the differences, each kind in the order of the ids."""
        then_items = self._items(self._earlier, "reading the tasks of then")
        before = {task_id: _content(item) for task_id, item in then_items}
        missing = set(before)
        changed: list[TaskDifference] = []
        new: list[TaskDifference] = []
        tasks_now = 0
        for task_id, item in self._items(self._present, "reading the tasks of now"):
            tasks_now += 1
            now = _content(item)
            if (then := before.get(task_id)) is None:
                new.append(_difference(task_id, now))
                continue
            missing.discard(task_id)
            names = dict.fromkeys([*then, *now])
            if fields := [name for name in names if then.get(name) != now.get(name)]:
                changed.append(_difference(task_id, then, fields))
                self._marks[task_id] = write_marks(item)
        return RecoverResult(
            table=table,
            at=at,
            tasks_then=len(before),
            tasks_now=tasks_now,
            missing=tuple(_difference(task_id, before[task_id]) for task_id in sorted(missing)),
            changed=tuple(sorted(changed, key=attrgetter("task_id"))),
            new=tuple(sorted(new, key=attrgetter("task_id"))),
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

    def _items(self, items: TableItems, what: str) -> Iterable[tuple[str, Item]]:
        count = 0
        for page in items.pages():
            yield from ((str(item[KEY]["S"]), item) for item in page)
            count += len(page)
            self._report.progress(what, count, None)


def _difference(task_id: str, content: _Content, fields: Iterable[str] = ()) -> TaskDifference:
    title, status = content.get("title", ""), content.get("status", _FIRST_STATUS)
    return TaskDifference(task_id, title, status, tuple(fields))


def _content(item: Item) -> _Content:
    """Return the content of a task, with long texts as digests."""
    content = {name: _kept(value) for name, value in item.items() if name not in _NOT_CONTENT}
    if "status" in content:
        content["status"] = content["status"].partition(_SHARD_MARK)[0]
    return content


def _kept(attribute: Mapping[str, Any]) -> str:
    """Return a text as it is, unless it is long; of any other value its JSON."""
    text = attribute.get("S")
    if text is None:
        text = json.dumps(attribute, sort_keys=True, default=str)
    if len(text) <= _LONGEST_KEPT:
        return str(text)
    return hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES).hexdigest()
