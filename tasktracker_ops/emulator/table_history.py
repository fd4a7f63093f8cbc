"""DynamoDB's point-in-time recovery: moto keeps no history, and restores what a table holds now.

The items of a table whose recovery is on are in a dictionary that remembers what it held before
each change. Items are replaced and never changed (`dynamodb.py`), so that costs a reference. On AWS
the last five minutes cannot be restored; here they can.
"""

from __future__ import annotations

import copy
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.dynamodb.exceptions import (
    ERROR_TYPE_PREFIX,
    PointInTimeRecoveryUnavailable,
    ResourceInUseException,
    TableAlreadyExistsException,
)
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import RestoredPITTable, Table
from moto.dynamodb.responses import DynamoHandler, DynamoResult

CHANGES_KEPT = 50_000
_RESTORE_SECONDS = 1.0

_moto_update_continuous_backups = DynamoDBBackend.update_continuous_backups
_moto_delete_table = DynamoDBBackend.delete_table


class History:
    """What the items of a table were before each of the last changes; `since` is its beginning."""

    def __init__(self, kept: int = CHANGES_KEPT) -> None:
        self.since = time.time()
        self._changes: deque[tuple[float, DynamoType, Item | None]] = deque(maxlen=kept)

    def __deepcopy__(self, memo: dict[int, Any]) -> History:
        """Return this one, for the copy of a table that a transaction goes back to.

        What a transaction changed and took back was before as it is after.
        """
        return self

    def add(self, key: DynamoType, before: Item | None) -> None:
        """Remember what was under a key that is about to change; None for nothing."""
        if len(self._changes) == self._changes.maxlen:
            self.since = self._changes[0][0]
        self._changes.append((time.time(), key, before))

    def items_at(self, items: Mapping[DynamoType, Item], at: float) -> dict[DynamoType, Item]:
        """Return what `items`, those of now, were at a time."""
        then: dict[DynamoType, Item | None] = dict(items)
        for changed_at, key, before in reversed(self._changes):
            if changed_at <= at:
                break
            then[key] = before
        return {key: item for key, item in then.items() if item is not None}


class RecordedItems(dict[DynamoType, Item]):
    """The items of a table without sort key, which remembers each change in its history."""

    def __init__(self, items: Mapping[DynamoType, Item], history: History) -> None:
        super().__init__(items)
        self.history = history

    def __setitem__(self, key: DynamoType, item: Item) -> None:
        self.history.add(key, self.get(key))
        super().__setitem__(key, item)

    def pop(self, key: DynamoType) -> Item:  # type: ignore[override]  # moto passes no default
        """Remove an item, and return it; raise KeyError."""
        item = super().pop(key)
        self.history.add(key, item)
        return item

    def copy(self) -> RecordedItems:
        """Return the items of a copy of the table, with the same history."""
        return RecordedItems(self, self.history)

    def __reduce__(self) -> tuple[Any, ...]:
        return RecordedItems, (dict(self), self.history)


class RestoringTable(RestoredPITTable):
    """A table as another one was at a time, which can be used after a second."""

    def __init__(self, name: str, source: Table, at: float) -> None:
        # moto would copy each item.
        empty = copy.copy(source)
        empty.items = {}  # type: ignore[assignment]
        super().__init__(name, source.account_id, source.region_name, empty)
        self.items.update(source.items.history.items_at(source.items, at))  # type: ignore[attr-defined]
        self.billing_mode = source.billing_mode
        self.restore_date_time = at  # type: ignore[assignment]
        self._ready_at = time.time() + _RESTORE_SECONDS

    @property
    def is_being_restored(self) -> bool:
        """Return whether it cannot be used yet."""
        return time.time() < self._ready_at

    def describe(self, base_key: str = "TableDescription") -> dict[str, Any]:
        """Return moto's description, with the state."""
        described = super().describe(base_key=base_key)
        described[base_key]["RestoreSummary"]["RestoreInProgress"] = self.is_being_restored
        if self.is_being_restored:
            described[base_key]["TableStatus"] = "CREATING"
        return described


def update_continuous_backups(
    backend: DynamoDBBackend, table_name: str, point_in_time_spec: dict[str, Any]
) -> dict[str, Any]:
    """Begin or end a table's history with its point-in-time recovery."""
    _moto_update_continuous_backups(backend, table_name, point_in_time_spec)
    table = backend.get_table(table_name)
    is_recorded = isinstance(table.items, RecordedItems)
    if not point_in_time_spec["PointInTimeRecoveryEnabled"]:
        if is_recorded:
            table.items = dict(table.items)  # type: ignore[assignment]
    elif table.range_key_attr is None and not is_recorded:
        table.items = RecordedItems(table.items, History())  # type: ignore[assignment, arg-type]
    return describe_continuous_backups(backend, table_name)


def describe_continuous_backups(backend: DynamoDBBackend, table_name: str) -> dict[str, Any]:
    """Return the state of the recovery, with the times that can be restored now."""
    table = backend.get_table(table_name)
    described = table.continuous_backups
    if isinstance(table.items, RecordedItems):
        described["PointInTimeRecoveryDescription"] |= {
            "EarliestRestorableDateTime": table.items.history.since,
            "LatestRestorableDateTime": time.time(),
        }
    return described


def restore_table_to_point_in_time(handler: DynamoHandler) -> ActionResult:
    """Make a table of what another one held; raise what DynamoDB answers where it cannot."""
    backend, body = handler.dynamodb_backend, handler.body
    source = backend.get_table(body.get("SourceTableName") or body["SourceTableArn"])
    target = body["TargetTableName"]
    if source.range_key_attr is not None:
        raise NotImplementedError("there is no history of tables with a sort key")
    if not isinstance(source.items, RecordedItems):
        raise PointInTimeRecoveryUnavailable(source.name)
    if target in backend.tables:
        raise TableAlreadyExistsException(target)
    now = time.time()
    at = now if body.get("UseLatestRestorableTime") else body["RestoreDateTime"].timestamp()
    if not source.items.history.since <= at <= now:
        raise JsonRESTError(
            f"{ERROR_TYPE_PREFIX}InvalidRestoreTimeException",
            "An invalid restore time was specified. RestoreDateTime must be between "
            "EarliestRestorableDateTime and LatestRestorableDateTime.",
        )
    table: Any = RestoringTable(target, source, at)  # type: ignore[abstract]  # as all of moto's
    if "GlobalSecondaryIndexOverride" in body:
        wanted = {index["IndexName"] for index in body["GlobalSecondaryIndexOverride"]}
        table.global_indexes = [each for each in table.global_indexes if each.name in wanted]
    backend.tables[target] = table
    return DynamoResult(table.describe())


def delete_table(backend: DynamoDBBackend, name: str) -> Table:
    """Delete a table, unless it is being restored."""
    table = backend.get_table(name)
    if isinstance(table, RestoringTable) and table.is_being_restored:
        raise ResourceInUseException(
            f"Attempt to change a resource which is still in use: Table is being created: {name}"
        )
    return _moto_delete_table(backend, name)
