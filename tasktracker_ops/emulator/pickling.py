"""Pickle what moto's backends and our stores hold.

What pickle cannot take of them, and what must not come back as it was, is dealt with here.
"""

from __future__ import annotations

import copy
import copyreg
import functools
import io
import itertools
import pickle  # nosec B403 # of classes that hold data only
import re
import threading
from array import _array_reconstructor  # type: ignore[attr-defined]
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType
from typing import Any
from weakref import WeakValueDictionary

from moto.backends import get_backend
from moto.core.base_backend import BackendDict
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.logs.models import LogStream

from .lambda_runtime.lifecycle import Lifecycle
from .logs.event_store import Columns, EventStore

# Classes of these and of moto and the emulator are taken from a snapshot, nothing else.
_DATA_MODULES = {
    "_thread",
    "array",
    "builtins",
    "collections",
    "datetime",
    "decimal",
    "enum",
    "functools",
    "re",
    "threading",
    "uuid",
    "weakref",
}
_FUNCTIONS = {
    _array_reconstructor,
    re._compile,  # type: ignore[attr-defined]
    threading.Lock,
    threading.RLock,
}
Key = tuple[str, str, str]
"""A backend of moto: service, account and region."""


def used_backends() -> Iterator[tuple[Key, Any]]:
    """Yield every backend of moto that has been used."""
    for each in list(BackendDict._instances):  # type: ignore[misc]
        service: Any = each.service_name
        for account, region, backend in list(each.iter_backends()):
            yield (service, account, region), backend


def dump(value: Any, keys: Mapping[int, Key]) -> bytes:
    """Pickle a value; a backend within it becomes its key, by the id of the object in `keys`."""
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, pickle.HIGHEST_PROTOCOL)
    backends = {
        type(backend): lambda backend: (backend_of, keys[id(backend)])
        for _, backend in used_backends()
    }
    pickler.dispatch_table = {**copyreg.dispatch_table, **_REDUCERS, **backends}
    for kind in _subclasses(defaultdict):
        pickler.dispatch_table[kind] = _reduce_defaultdict
    pickler.dump(value)
    return stream.getvalue()


def load(content: bytes) -> Any:
    """Return what was pickled. Raises UnpicklingError for what is no data."""
    return _Unpickler(io.BytesIO(content)).load()


class _Unpickler(pickle.Unpickler):
    """Takes from a snapshot what holds data, and no function that could do anything else."""

    def find_class(self, module: str, name: str) -> Any:
        """Return a class or function. Raises UnpicklingError for one that is no data."""
        if _is_data(module):
            found = super().find_class(module, name)
            if isinstance(found, type) and _is_data(found.__module__):
                return found
            if found in _FUNCTIONS or getattr(found, "__module__", "") == __name__:
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no data")


def _is_data(module: str) -> bool:
    ours = f"{module}.".startswith(("moto.", "tasktracker_ops.emulator."))
    return ours or module in _DATA_MODULES


def _subclasses(kind: type) -> list[type]:
    return [kind, *itertools.chain.from_iterable(map(_subclasses, kind.__subclasses__()))]


def backend_of(service: Any, account: str, region: str) -> Any:
    """Return the backend of a key, made if need be."""
    return get_backend(service)[account][region]


def _reduce_defaultdict(value: defaultdict[Any, Any]) -> tuple[Any, ...]:
    """Reduce a defaultdict; moto makes empty values by lambdas, and a snapshot holds no code."""
    factory: Any = value.default_factory
    if isinstance(factory, FunctionType) and "<locals>" in factory.__qualname__:
        if empty := factory():
            raise pickle.PicklingError(f"{factory.__qualname__} makes {empty!r}")
        factory = functools.partial(_new_copy, empty)
    attributes = getattr(value, "__dict__", None) or None
    return _new_defaultdict, (type(value), factory), attributes, None, iter(value.items())


def _new_defaultdict(kind: type[defaultdict[Any, Any]], factory: Any) -> defaultdict[Any, Any]:
    made = kind.__new__(kind)
    defaultdict.__init__(made, factory)
    return made


def _new_copy(value: Any) -> Any:
    return copy.deepcopy(value)


def _settled(revision: str) -> Lifecycle:
    return Lifecycle(_revision=revision)


def _reduce_item(item: Item) -> tuple[Any, ...]:
    """Reduce an item of a table: there are many, with an object for each attribute."""
    attributes = {name: (value.type, value.value) for name, value in item.attrs.items()}
    return _new_item, (item.hash_key, item.range_key, attributes)


def _new_item(hash_key: Any, range_key: Any, attributes: Mapping[str, tuple[str, Any]]) -> Any:
    item: Any = Item(hash_key, range_key, {})
    for name, (kind, content) in attributes.items():
        # moto's own method adds up the size of the item for each attribute.
        dict.__setitem__(item.attrs, name, _new_value(kind, content))
    return item


def _new_value(kind: str, content: Any) -> DynamoType:
    value = DynamoType.__new__(DynamoType)
    value.type, value.value = kind, content
    return value


def _reduce_stream(stream: LogStream) -> tuple[Any, ...]:
    """Reduce a log stream without its events, which the store of its group has as well."""
    state = {name: value for name, value in vars(stream).items() if name != "events"}
    return copyreg.__newobj__, (LogStream,), state, None, None, _set_stream  # type: ignore[attr-defined]


def _set_stream(stream: LogStream, state: Mapping[str, Any]) -> None:
    vars(stream).setdefault("events", [])  # the store may have come first
    vars(stream).update(state)


def _reduce_events(store: EventStore) -> tuple[Any, ...]:
    """Reduce the events of a log group to columns: there are up to a hundred thousand."""
    return EventStore, (), store.columns(), None, None, _set_events


def _set_events(store: EventStore, columns: Columns) -> None:
    store.refill(columns)


# Functions that return what an object is made again of, by its type.
_REDUCERS: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    type(threading.Lock()): lambda _: (threading.Lock, ()),
    type(threading.RLock()): lambda _: (threading.RLock, ()),
    WeakValueDictionary: lambda value: (WeakValueDictionary, (), None, None, iter(value.items())),
    # Its clock begins again with each start of the machine: nothing is under way then.
    Lifecycle: lambda lifecycle: (_settled, (lifecycle.settled().revision,)),
    Item: _reduce_item,
    DynamoType: lambda value: (_new_value, (value.type, value.value)),
    LogStream: _reduce_stream,
    EventStore: _reduce_events,
}
