"""DynamoDB at a cost that does not grow with the table, in moto's own objects.

Before each transaction moto copies every item of its tables, to be able to take it back. Here items
are replaced and never changed, so that a copy of a table can share them. And for each page of an
index it sorts the whole table; here it gets only what belongs on the page (`table_index.py`).
"""

from __future__ import annotations

import copy
import heapq
import threading
from collections.abc import Iterable
from typing import Any, cast

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

from . import table_index

# moto's own methods: `patches.py` replaces them.
_moto_call_action = DynamoHandler.call_action
_moto_query = Table.query
_moto_scan = Table.scan
_moto_update_item = DynamoDBBackend.update_item
_one_request = threading.Lock()


def call_action(handler: DynamoHandler) -> Any:
    """Answer one request at a time: moto checks a condition and writes in two steps."""
    with _one_request:
        return _moto_call_action(handler)


def copy_table(table: Table, memo: dict[int, Any]) -> Table:
    """Copy a table deeply, apart from its items, which both share.

    Those of a table with a sort key are copied too: moto changes them.
    """
    copied = copy.copy(table)
    memo[id(table)] = copied
    is_shared = table.range_key_attr is None
    for name, value in vars(table).items():
        if name != "items" or not is_shared:
            setattr(copied, name, copy.deepcopy(value, memo))
    if is_shared:
        copied.items = table.items.copy()
    return copied


def query(
    table: Table,
    hash_key: DynamoType | None,
    comparison: str | None,
    bounds: list[DynamoType],
    limit: int | None,
    start: dict[str, Any] | None,
    forward: bool,
    projections: Any,
    index: str | None = None,
    *args: Any,
    **more: Any,
) -> Any:
    """Query a copy of the table that holds only the items which may be on the page."""
    queried = table
    attribute = _partition_of_texts(table, index)
    if attribute and hash_key is not None and start is None:
        keys = table_index.index_of(table, attribute).keys(
            hash_key.value,
            below=bounds[0].value if comparison == "<" else None,
            # One more, from which moto concludes that there is another page.
            limit=limit + 1 if limit and comparison in (None, "<") else None,
            forward=forward,
        )
        items = [table.items[DynamoType({"S": key})] for key in keys]
        queried = copy.copy(table)
        queried.items = {item.hash_key: item for item in items}  # type: ignore
    page = (comparison, bounds, limit, start, forward, projections, index)
    return _moto_query(queried, hash_key, *page, *args, **more)  # type: ignore[arg-type]


def scan(
    table: Table,
    filters: dict[str, Any],
    limit: int,
    start: dict[str, Any] | None,
    filter_expression: Any = None,
    index_name: str | None = None,
    *args: Any,
    **more: Any,
) -> Any:
    """Scan a copy of the table that begins after the page before.

    moto compares keys to find the place, and keeps items in the order of their creation.
    """
    scanned = table
    if table.range_key_attr is None and index_name is None:
        items = cast("Iterable[Item]", table.items.values())  # moto says dictionaries
        if start is not None:
            last = DynamoType(start[table.hash_key_attr]).value
            items = (item for item in items if item.hash_key.value > last)
        if limit:
            # One more, from which moto concludes that there is another page.
            items = heapq.nsmallest(limit + 1, items, key=_key_of)
        scanned = copy.copy(table)
        scanned.items = {item.hash_key: item for item in sorted(items, key=_key_of)}  # type: ignore[assignment]
        start = None
    page = (filters, limit, start, filter_expression, index_name)
    return _moto_scan(scanned, *page, *args, **more)  # type: ignore[arg-type]


def _key_of(item: Item) -> Any:
    return item.hash_key.value


def _partition_of_texts(table: Table, index: str | None) -> str | None:
    """Return the partition key of a global index that sorts by the table's own key, both texts.

    None for any other: moto knows how to order those.
    """
    schemas = [each.schema for each in table.global_indexes if each.name == index]
    if not schemas or table.range_key_attr is not None:
        return None
    keys = [(key["KeyType"], key["AttributeName"]) for key in schemas[0]]
    types = {each["AttributeName"]: each["AttributeType"] for each in table.attr}
    if [kind for kind, _ in keys] != ["HASH", "RANGE"] or keys[1][1] != table.hash_key_attr:
        return None
    return keys[0][1] if {types.get(name) for _, name in keys} == {"S"} else None


def update_item(
    backend: DynamoDBBackend, table_name: str, key: dict[str, Any], *args: Any, **more: Any
) -> Any:
    """Update a copy that takes the item's place, since moto changes the item itself.

    One that fails half-way leaves the item as it was.
    """
    table = backend.get_table(table_name)
    if table.range_key_attr is not None or table.hash_key_attr not in key:
        return _moto_update_item(backend, table_name, key, *args, **more)
    hash_key = DynamoType(key[table.hash_key_attr])
    items = cast("dict[DynamoType, Item]", table.items)  # moto says dictionaries
    before = items.get(hash_key)
    if before is not None:
        items[hash_key] = copy.deepcopy(before)
    try:
        return _moto_update_item(backend, table_name, key, *args, **more)
    except Exception:
        if before is not None:
            items[hash_key] = before
        raise
    finally:
        table_index.update(table, hash_key)
