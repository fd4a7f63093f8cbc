"""Terraform's state as it lies in the state bucket: its resources, its versions, its record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

_FORMAT = 4


class StateInvalid(ValueError):
    """A content that is no state of Terraform; `foreign` if it may be one of another format."""

    def __init__(self, reason: str, *, foreign: bool = False) -> None:
        super().__init__(reason)
        self.foreign = foreign


@dataclass(frozen=True, slots=True)
class StateResource:
    """A managed resource in a state; `id` is empty where the provider gave it none."""

    address: str
    type: str
    id: str


@dataclass(frozen=True, slots=True)
class State:
    """What a state says: `serial` grows with each write, `lineage` stays from the first one on."""

    lineage: str
    serial: int
    terraform_version: str
    resources: tuple[StateResource, ...]

    @classmethod
    def parse(cls, content: bytes) -> State:
        """Return the state in `content`. Raises StateInvalid."""
        document = _document(content)
        try:
            return cls(
                lineage=_text(document["lineage"]),
                serial=int(document["serial"]),
                terraform_version=str(document.get("terraform_version", "")),
                resources=tuple(
                    _resource(block, instance)
                    for block in document["resources"]
                    if block["mode"] == "managed"
                    for instance in block["instances"]
                    # What a replacement has still to delete shares the address of its successor.
                    if not instance.get("deposed")
                ),
            )
        except KeyError as error:
            raise StateInvalid(f"it has no {error}") from None
        except (AttributeError, TypeError, ValueError) as error:
            raise StateInvalid(f"it is not a state of Terraform ({error})") from None

    @property
    def addresses(self) -> frozenset[str]:
        """Return the addresses of the resources."""
        return frozenset(resource.address for resource in self.resources)


@dataclass(frozen=True, slots=True)
class StateRecord:
    """The state after the last apply, as tt-ops wrote it beside the deployment's description.

    `who` applied it, in the form of the deploy lock's holder; None where it is not known.
    `configuration` has a digest of each file and each variable that was applied, by its name; it is
    None where no deploy of this tt-ops has applied it, or another state was restored since.
    """

    bucket: str
    key: str
    lineage: str
    serial: int
    who: str | None = None
    configuration: Mapping[str, str] | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> StateRecord:
        """Return the record in the parameter's object; unknown keys are ignored.

        Raises KeyError for a missing key.
        """
        who, configuration = data.get("who"), data.get("configuration")
        return cls(
            bucket=str(data["bucket"]),
            key=str(data["key"]),
            lineage=str(data["lineage"]),
            serial=int(data["serial"]),
            who=None if who is None else str(who),
            configuration=None if configuration is None else dict(configuration),
        )


@dataclass(frozen=True, slots=True)
class StateObject:
    """A version of the state object in S3; `at` is S3's time, `size` in bytes."""

    version_id: str
    at: str
    size: int
    current: bool
    delete_marker: bool = False


@dataclass(frozen=True, slots=True)
class StateVersion:
    """A version of the state as `state versions` lists it.

    `problem` says why there is no state in it (a delete marker, damage); `serial`, `lineage` and
    `resources`, the number of resources, are None then. `who` is None where no record names them.
    """

    version: str
    at: str
    current: bool
    serial: int | None
    lineage: str | None
    size: int
    resources: int | None
    who: str | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class StateVersions:
    """The newest versions of a state, the newest first; `more` were left out."""

    bucket: str
    key: str
    versions: tuple[StateVersion, ...]
    more: int


@dataclass(frozen=True, slots=True)
class StateDifference:
    """What a restore changes: addresses that come back, that are forgotten, with another id."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]

    @classmethod
    def between(cls, before: State | None, after: State) -> StateDifference:
        """Return how `after` differs from `before`; None is an empty state."""
        old = {each.address: each.id for each in (before.resources if before else ())}
        new = {each.address: each.id for each in after.resources}
        return cls(
            added=tuple(sorted(new.keys() - old.keys())),
            removed=tuple(sorted(old.keys() - new.keys())),
            changed=tuple(sorted(a for a in new.keys() & old.keys() if new[a] != old[a])),
        )

    @property
    def empty(self) -> bool:
        """Return whether both have the same resources."""
        return not (self.added or self.removed or self.changed)


@dataclass(frozen=True, slots=True)
class StateRestore:
    """A restore: the version it takes, the serial under which it is written, what it changes."""

    version: str
    at: str
    from_serial: int
    serial: int
    lineage: str
    difference: StateDifference


@dataclass(frozen=True, slots=True)
class StateContent:
    """The whole content of a state, which is printed with the secrets in it."""

    redacted: ClassVar = False

    content: str


@dataclass(frozen=True, slots=True)
class StateRepairResult:
    """A valid state, and what was done to make it one; the fields are None without any state."""

    key: str
    serial: int | None
    lineage: str | None
    resources: int | None
    repairs: tuple[str, ...]


def with_serial(content: bytes, serial: int) -> bytes:
    """Return the state `content` under another serial, as Terraform writes it."""
    document = _document(content) | {"serial": serial}
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"


def _document(content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except ValueError as error:
        raise StateInvalid(f"it is not JSON ({error})" if content else "it is empty") from None
    if not isinstance(document, dict):
        raise StateInvalid("it is not a JSON object")
    version = document.get("version")
    if version != _FORMAT:
        raise StateInvalid(
            f"it has format {version!r}, this tt-ops reads {_FORMAT}", foreign=bool(document)
        )
    return document


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{value!r} is no lineage")
    return value


def _resource(block: Mapping[str, Any], instance: Mapping[str, Any]) -> StateResource:
    kind, name, key = block["type"], block["name"], instance.get("index_key")
    module = f"{block['module']}." if block.get("module") else ""
    index = "" if key is None else f"[{json.dumps(key)}]"
    resource_id = (instance.get("attributes") or {}).get("id")
    return StateResource(
        f"{module}{kind}.{name}{index}", kind, "" if resource_id is None else str(resource_id)
    )
