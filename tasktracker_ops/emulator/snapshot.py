"""A snapshot: all that the emulator holds, in one file that is replaced at once.

Its first line describes it; the rest are pickles of moto's backends and of our stores, one each.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import sys
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import moto

from tasktracker_ops.local.version import this_version

from . import pickling
from .pickling import Key

NAME = "snapshot"
_PARTIAL = ".snapshot.partial"
# Tests show that these can be restored; of other services, which hold little, each part is tried.
_PROVEN = {"dynamodb", "lambda", "logs", "s3"}

_SMALL = 10_000  # bytes; a new backend has fewer
_STORES: Key = ("", "", "")


class Damaged(Exception):
    """The snapshot cannot be read; the message says why."""


class OfAnotherVersion(Exception):
    """The snapshot was written by another version of the emulator, of moto or of Python."""


@dataclass(frozen=True)
class Description:
    """The first line of a snapshot.

    `exists_since` is when the restored target began to exist. `left_out` are services of moto that
    cannot be pickled, each with the reason.
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
    keys = {id(backend): key for key, backend in pickling.used_backends()}
    parts, left_out = {_STORES: pickling.dump(dict(stores), keys)}, []
    for key, backend in pickling.used_backends():
        service, _, region = key
        try:
            part = pickling.dump(vars(backend), keys)
            if service not in _PROVEN:
                pickling.load(part)
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
        loaded = {key: pickling.load(part) for key, part in parts.items()}
        kept = loaded.pop(_STORES)
        backends = [(pickling.backend_of(*key), state) for key, state in loaded.items()]
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
    return pickling.dump(vars(new), {**keys, id(new): keys[id(backend)]})


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


def _refill(store: Any, kept: Any) -> None:
    """Give a store what was kept of it, in its place: others hold it."""
    if isinstance(store, dict):
        store.clear()
        store.update(kept)
    else:
        vars(store).update(vars(kept))
