"""The order of global indexes, kept while their tables change.

moto has no indexes: for each page it looks at every item of the table.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, cast
from weakref import WeakKeyDictionary

from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

# moto's own methods: `patches.py` replaces them.
_moto_put_item = Table.put_item
_moto_delete_item = Table.delete_item


class Index:
    """The keys of a table's items, in order, by the text in an attribute."""

    def __init__(self, attribute: str, items: Iterable[Item]) -> None:
        self._attribute = attribute
        self._keys: defaultdict[str, list[str]] = defaultdict(list)
        self._partitions: dict[str, str] = {}
        for item in sorted(items, key=lambda item: item.hash_key.value):
            self.update(item.hash_key.value, item)

    def update(self, key: str, item: Item | None) -> None:
        """Take note of what is under a key now; None for nothing."""
        value = None if item is None else item.attrs.get(self._attribute)
        partition = None if value is None else value.value
        before = self._partitions.get(key)
        if partition == before:
            return
        if before is not None:
            keys = self._keys[before]
            del keys[bisect_left(keys, key)]
            del self._partitions[key]
        if partition is not None:
            insort(self._keys[partition], key)
            self._partitions[key] = partition

    def keys(
        self, partition: str, *, below: str | None, limit: int | None, forward: bool
    ) -> Sequence[str]:
        """Return the first keys of a partition, or the last ones if not `forward`."""
        keys = self._keys.get(partition, [])
        end = len(keys) if below is None else bisect_left(keys, below)
        if limit is None or limit >= end:
            return keys[:end]
        return keys[:limit] if forward else keys[end - limit : end]


_indexes: WeakKeyDictionary[Table, dict[str, Index]] = WeakKeyDictionary()


def index_of(table: Table, attribute: str) -> Index:
    """Return the index of a table without sort key by an attribute, made when first needed."""
    kept = _indexes.setdefault(table, {})
    if attribute not in kept:
        kept[attribute] = Index(attribute, cast("Iterable[Item]", table.items.values()))
    return kept[attribute]


def put_item(table: Table, *args: Any, **more: Any) -> Item:
    """Put an item, and keep the indexes up to date."""
    item = _moto_put_item(table, *args, **more)
    update(table, item.hash_key)
    return item


def delete_item(table: Table, hash_key: DynamoType, range_key: DynamoType | None) -> Item | None:
    """Delete an item, and keep the indexes up to date."""
    item = _moto_delete_item(table, hash_key, range_key)
    update(table, hash_key)
    return item


def update(table: Table, key: DynamoType) -> None:
    """Keep the indexes up to date with what has become of an item."""
    for index in _indexes.get(table, {}).values():
        index.update(key.value, cast("Item | None", table.items.get(key)))
