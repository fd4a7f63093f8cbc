"""Write tasks back as they were, over nothing that is newer than the comparison."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from tasktracker_ops.adapters.aws.table_items import KEY, MOST_KEYS
from tasktracker_ops.errors import SAME_COMMAND, ExitCode, TtOpsError, counted
from tasktracker_ops.models.times import timestamp_now

if TYPE_CHECKING:
    from tasktracker_ops.adapters.aws.table_items import Item, TableItems
    from tasktracker_ops.models.task_recovery import RecoverResult
    from tasktracker_ops.reporting import Reporter

_WORKERS = 8


def write_back(
    report: Reporter,
    result: RecoverResult,
    chosen: Mapping[str, Item | None],
    earlier: TableItems,
    present: TableItems,
) -> RecoverResult:
    """Write the chosen tasks of the restored table; return the result with what was written.

    Each is written over the item with the marks that it is mapped to, or where there is none. An
    interrupt ends after the writes that have begun, and raises TtOpsError `interrupted`.
    """
    ids = list(chosen)
    recovered: list[str] = []
    overtaken: list[str] = []

    def write(item: Item) -> tuple[str, bool]:
        task_id = str(item[KEY]["S"])
        over = chosen[task_id]
        return task_id, present.put(_item_to_write(item, over), over=over)

    with ThreadPoolExecutor(_WORKERS) as pool:
        try:
            for start in range(0, len(ids), MOST_KEYS):
                items = earlier.get(ids[start : start + MOST_KEYS])
                for task_id, written in pool.map(write, items):
                    (recovered if written else overtaken).append(task_id)
                    done = len(recovered) + len(overtaken)
                    report.progress("bringing back tasks", done, len(chosen))
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise TtOpsError(
                "interrupted",
                f"interrupted after {counted(len(recovered), 'task')} of {len(chosen):,} came back",
                hint=f"the same command brings back the rest: {SAME_COMMAND}",
                exit_code=ExitCode.INTERRUPTED,
            ) from None
    return replace(result, recovered=tuple(recovered), overtaken=tuple(overtaken))


def _item_to_write(item: Item, over: Item | None) -> Item:
    """Return a missing task as it was, and a changed one as a new version of itself.

    A client that has read the present version must not take the next one for it.
    """
    if over is None:
        return item
    version = int(over.get("version", {}).get("N", "0")) + 1
    return {
        **item,
        "version": {"N": str(version)},
        "updated_at": {"S": timestamp_now()},
        "write_id": {"S": str(uuid.uuid4())},
    }
