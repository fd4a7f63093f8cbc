"""A snapshot: all that the emulator holds, in one file that is replaced at once.

Its first line describes it, the rest is a pickle of moto's backends and of our stores. What pickle
cannot take of them, and what must not come back as it was, is dealt with here.
"""

from __future__ import annotations

import copyreg
import functools
import inspect
import io
import itertools
import json
import os
import pickle  # nosec B403 # of classes that hold data only
import re
import sys
import threading
import zlib
from array import _array_reconstructor  # type: ignore[attr-defined]
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from types import CodeType, FunctionType
from typing import Any
from weakref import WeakValueDictionary

import moto
from moto.backends import get_backend
from moto.core.base_backend import BackendDict
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.logs.models import LogStream

from tasktracker_ops.local.version import this_version

from .lambda_runtime.lifecycle import Lifecycle
from .logs.event_store import Columns, EventStore

NAME = "snapshot"
_PARTIAL = ".snapshot.partial"
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
# Tests show that these can be restored; of other services, which hold little, each part is tried.
_PROVEN = {"dynamodb", "lambda", "logs", "s3"}

Key = tuple[str, str, str]
"""A backend of moto: service, account and region."""

_SMALL = 10_000  # bytes; a new backend has fewer
_STORES: Key = ("", "", "")


class Damaged(Exception):
    """The snapshot cannot be read; the message says why."""


class OfAnotherVersion(Exception):
    """The snapshot was written by another version of the emulator, of moto or of Python."""


@dataclass(frozen=True)
class Description:
    """What the first line of a snapshot says.

    `exists_since` is when the target began to exist that it restores. What is `left_out` of it are
    services of moto that pickle cannot take, each with the reason.
    """

    exists_since: datetime
    taken_at: datetime
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Snapshot:
    """A snapshot before it is written: one pickle for each part."""

    description: Description
    parts: Mapping[Key, bytes]


def take(stores: Mapping[str, Any], exists_since: datetime) -> Snapshot:
    """Take a snapshot of moto's backends and our stores, which nothing may change meanwhile."""
    taken_at = datetime.now(UTC)
    keys = {id(backend): key for key, backend in used_backends()}
    parts, left_out = {_STORES: _pickle(dict(stores), keys)}, []
    for key, backend in used_backends():
        service, _, region = key
        try:
            part = _pickle(vars(backend), keys)
            if service not in _PROVEN:
                _load(part)
            if len(part) > _SMALL or part != _pickle_new(backend, keys):
                parts[key] = part
        except Exception as error:
            left_out.append(f"{service} in {region}: {type(error).__name__}: {error}")
    return Snapshot(Description(exists_since, taken_at, tuple(left_out)), parts)


def write(folder: int, taken: Snapshot) -> None:
    """Write the snapshot into a folder (its descriptor), in place of the one before."""
    parts = taken.parts
    head = {
        "versions": _versions(),
        "exists_since": taken.description.exists_since.isoformat(),
        "taken_at": taken.description.taken_at.isoformat(),
        "left_out": taken.description.left_out,
        "parts": [[*key, len(part)] for key, part in parts.items()],
        "crc32": functools.reduce(lambda before, part: zlib.crc32(part, before), parts.values(), 0),
    }
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with open(os.open(_PARTIAL, flags, 0o600, dir_fd=folder), "wb") as file:
        file.write(json.dumps(head).encode() + b"\n")
        file.writelines(parts.values())
        file.flush()
        os.fsync(file.fileno())
    os.rename(_PARTIAL, NAME, src_dir_fd=folder, dst_dir_fd=folder)
    os.fsync(folder)


def restore(folder: int, stores: Mapping[str, Any]) -> Description | None:
    """Bring back what the snapshot in a folder holds; None without one.

    Raises Damaged or OfAnotherVersion, and has changed nothing then.
    """
    try:
        with open(os.open(NAME, os.O_RDONLY, dir_fd=folder), "rb") as file:
            head, content = file.readline(), file.read()
    except FileNotFoundError:
        return None
    description, parts = _read(head, content)
    try:
        loaded = {key: _load(part) for key, part in parts.items()}
        kept = loaded.pop(_STORES)
        backends = [(_backend(*key), state) for key, state in loaded.items()]
    except Exception as error:
        raise Damaged(f"{type(error).__name__}: {error}") from error
    for backend, state in backends:
        vars(backend).clear()
        vars(backend).update(state)
    for name, store in stores.items():
        _refill(store, kept[name])
    return description


def _pickle_new(backend: Any, keys: Mapping[int, Key]) -> bytes:
    """Pickle a new backend of the same kind; moto makes one in each region that it looks at."""
    new = type(backend)(backend.region_name, backend.account_id)
    return _pickle(vars(new), {**keys, id(new): keys[id(backend)]})


def describe(folder: int) -> Description:
    """Return the description of the snapshot in a folder."""
    with open(os.open(NAME, os.O_RDONLY, dir_fd=folder), "rb") as file:
        return _describe(json.loads(file.readline()))


def set_aside(folder: int, error: Damaged | OfAnotherVersion, now: datetime) -> str:
    """Rename the snapshot, so that it is not overwritten; return its name."""
    kind = "damaged" if isinstance(error, Damaged) else "other-version"
    name = f"{NAME}.{kind}-{now:%Y%m%dT%H%M%SZ}"
    os.rename(NAME, name, src_dir_fd=folder, dst_dir_fd=folder)
    return name


def _versions() -> dict[str, str]:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return {"tt-ops": this_version(), "moto": moto.__version__, "python": python}


def _describe(head: Mapping[str, Any]) -> Description:
    return Description(
        datetime.fromisoformat(head["exists_since"]),
        datetime.fromisoformat(head["taken_at"]),
        tuple(head["left_out"]),
    )


def _read(line: bytes, content: bytes) -> tuple[Description, dict[Key, bytes]]:
    """Return the description and the parts of a snapshot."""
    try:
        head = json.loads(line)
        versions = dict(head["versions"])
        description = _describe(head)
        sizes = {
            (service, account, region): size for service, account, region, size in head["parts"]
        }
        checksum = head["crc32"]
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged("its first line is not that of a snapshot") from error
    if versions != _versions():
        different = [
            f"{name} {versions.get(name)} (this is {ours})"
            for name, ours in _versions().items()
            if versions.get(name) != ours
        ]
        raise OfAnotherVersion(f"it was written by {', '.join(different)}")
    if len(content) != sum(sizes.values()):
        raise Damaged(f"it has {len(content)} bytes of {sum(sizes.values())}")
    if zlib.crc32(content) != checksum:
        raise Damaged("its checksum does not match")
    ends = itertools.accumulate(sizes.values())
    return description, {
        key: content[end - size : end] for (key, size), end in zip(sizes.items(), ends, strict=True)
    }


def used_backends() -> Iterator[tuple[Key, Any]]:
    """Yield every backend of moto that has been used."""
    for each in list(BackendDict._instances):  # type: ignore[misc]
        service: Any = each.service_name
        for account, region, backend in list(each.iter_backends()):
            yield (service, account, region), backend


def _refill(store: Any, kept: Any) -> None:
    """Give a store what was kept of it, in its place: others hold it."""
    if isinstance(store, dict):
        store.clear()
        store.update(kept)
    else:
        vars(store).update(vars(kept))


def _pickle(value: Any, keys: Mapping[int, Key]) -> bytes:
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, pickle.HIGHEST_PROTOCOL)
    backends = {
        type(backend): lambda backend: (_backend, keys[id(backend)])
        for _, backend in used_backends()
    }
    pickler.dispatch_table = {**copyreg.dispatch_table, **_REDUCERS, **backends}
    for kind in _subclasses(defaultdict):
        pickler.dispatch_table[kind] = _reduce_defaultdict
    pickler.dump(value)
    return stream.getvalue()


def _load(content: bytes) -> Any:
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


def _backend(service: Any, account: str, region: str) -> Any:
    return get_backend(service)[account][region]


def _reduce_defaultdict(value: defaultdict[Any, Any]) -> tuple[Any, ...]:
    """Reduce a defaultdict; moto uses lambdas to make its values."""
    factory: Any = value.default_factory
    if isinstance(factory, FunctionType) and "<locals>" in factory.__qualname__:
        factory = _Local.of(factory)
    attributes = getattr(value, "__dict__", None) or None
    return _new_defaultdict, (type(value), factory), attributes, None, iter(value.items())


def _new_defaultdict(kind: type[defaultdict[Any, Any]], factory: Any) -> defaultdict[Any, Any]:
    made = kind.__new__(kind)
    defaultdict.__init__(made, factory.find() if isinstance(factory, _Local) else factory)
    return made


@dataclass(frozen=True)
class _Local:
    """A function within another one, by where it is: a snapshot holds no code."""

    module: str
    outer: str
    line: int

    @classmethod
    def of(cls, function: Callable[..., Any]) -> _Local:
        assert isinstance(function, FunctionType)
        if function.__closure__:
            raise pickle.PicklingError(f"{function.__qualname__} has variables of its own")
        outer = function.__qualname__.partition(".<locals>")[0]
        return cls(function.__module__, outer, function.__code__.co_firstlineno)

    def find(self) -> Callable[..., Any]:
        if not _is_data(self.module):
            raise pickle.UnpicklingError(f"{self.module} is no data")
        module = import_module(self.module)
        outer: Any = functools.reduce(getattr, self.outer.split("."), module)
        (code,) = (
            each
            for each in _codes(inspect.unwrap(outer).__code__)
            if each.co_firstlineno == self.line and each.co_name == "<lambda>"
        )
        return FunctionType(code, vars(module))


def _codes(code: CodeType) -> Iterator[CodeType]:
    inner: list[CodeType] = [each for each in code.co_consts if isinstance(each, CodeType)]
    return itertools.chain(inner, *map(_codes, inner))


def _settled(revision: str) -> Lifecycle:
    return Lifecycle(_revision=revision)


def _reduce_item(item: Item) -> tuple[Any, ...]:
    """Reduce an item of a table: there are many, with an object for each attribute."""
    attributes = {name: (value.type, value.value) for name, value in item.attrs.items()}
    return _new_item, (item.hash_key, item.range_key, attributes)


def _new_item(hash_key: Any, range_key: Any, attributes: Mapping[str, tuple[str, Any]]) -> Item:
    item = Item(hash_key, range_key, {})
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
