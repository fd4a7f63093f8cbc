"""Terraform's state as it lies in the state bucket: its resources."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class StateInvalid(ValueError):
    """A content that is no state of Terraform."""


@dataclass(frozen=True, slots=True)
class StateResource:
    """A managed resource in a state; `id` is empty where the provider gave it none."""

    address: str
    type: str
    id: str


@dataclass(frozen=True, slots=True)
class State:
    """What a state says."""

    resources: tuple[StateResource, ...]

    @classmethod
    def parse(cls, content: bytes) -> State:
        """Return the state in `content`. Raises StateInvalid."""
        try:
            document = json.loads(content)
            return cls(
                tuple(
                    _resource(block, instance)
                    for block in document["resources"]
                    if block["mode"] == "managed"
                    for instance in block["instances"]
                    if not instance.get("deposed")
                )
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise StateInvalid(f"it is not a state of Terraform ({error})") from None

    @property
    def addresses(self) -> frozenset[str]:
        """Return the addresses of the resources."""
        return frozenset(resource.address for resource in self.resources)


def _resource(block: Mapping[str, Any], instance: Mapping[str, Any]) -> StateResource:
    kind, name, key = block["type"], block["name"], instance.get("index_key")
    index = "" if key is None else f"[{json.dumps(key)}]"
    found = (instance.get("attributes") or {}).get("id")
    return StateResource(f"{kind}.{name}{index}", kind, "" if found is None else str(found))
