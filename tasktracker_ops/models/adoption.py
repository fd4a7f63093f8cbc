"""What exists in AWS and is in no state."""

from __future__ import annotations

from collections.abc import Mapping

from tasktracker_ops.errors import Problem
from tasktracker_ops.frozen import dataclass


@dataclass(frozen=True, slots=True)
class AdoptableResource:
    """A resource that exists, by its address, with its import id, and why it is ours."""

    address: str
    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Adoption:
    """What a plan has to import instead of creating it.

    `forgotten` are addresses in the state whose resource is gone, while another one is adopted.
    """

    resources: tuple[AdoptableResource, ...] = ()
    forgotten: tuple[str, ...] = ()

    @property
    def imports(self) -> Mapping[str, str]:
        """Return the import ids by address."""
        return {resource.address: resource.id for resource in self.resources}


@dataclass(frozen=True, slots=True)
class HttpApi:
    """An HTTP API with its `tags`; `created` is RFC 3339."""

    id: str
    name: str
    url: str
    created: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AdoptResult:
    """What the next deploy adopts, what it refuses or leaves, and the API that was removed."""

    resources: tuple[AdoptableResource, ...] = ()
    problems: tuple[Problem, ...] = ()
    removed_api: str | None = None
