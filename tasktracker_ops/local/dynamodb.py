"""DynamoDB at the same cost however large a table is, in moto's own objects.

Before each transaction moto copies every item of its tables, to be able to take it back. Here items
are replaced and never changed, so that a copy of a table can share them.
"""

from __future__ import annotations

import copy
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

# moto's own, however often ours are put around them.
_update_item = DynamoDBBackend.update_item


def install() -> None:
    """Let copies of tables share their items."""
    Table.__deepcopy__ = _copy  # type: ignore[attr-defined]
    DynamoDBBackend.update_item = _update_item_in_place_of_old  # type: ignore[assignment, method-assign]


def _copy(table: Table, memo: dict[int, Any]) -> Table:
    copied = copy.copy(table)
    memo[id(table)] = copied
    for name, value in vars(table).items():
        if name != "items":
            setattr(copied, name, copy.deepcopy(value, memo))
    copied.items = table.items.copy()
    if table.range_key_attr is not None:
        copied.items.update({key: items.copy() for key, items in table.items.items()})
    return copied


def _update_item_in_place_of_old(
    backend: DynamoDBBackend, table_name: str, key: dict[str, Any], *args: Any, **more: Any
) -> Any:
    """Do UpdateItem on a copy that takes the item's place, since moto changes the item itself.

    One that fails half-way leaves the item as it was.
    """
    table = backend.get_table(table_name)
    names = [name for name in table.table_key_attrs if name in key]
    if names == table.table_key_attrs:
        *_, last = path = [DynamoType(key[name]) for name in names]
        items = table.items if len(path) == 1 else table.items.get(path[0], {})
        if (before := items.get(last)) is not None:
            items[last] = copy.deepcopy(before)
            try:
                return _update_item(backend, table_name, key, *args, **more)
            except Exception:
                items[last] = before
                raise
    return _update_item(backend, table_name, key, *args, **more)
