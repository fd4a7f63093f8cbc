"""Drift: what differs from what the last deploy made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tasktracker_ops.errors import Problem
from tasktracker_ops.frozen import dataclass

from .plan import AttributeChange, ResourceChange


@dataclass(frozen=True, slots=True)
class ForeignPolicy:
    """A policy of a role that is no resource of the project: a name, or an ARN if attached."""

    role: str
    policy: str


@dataclass(frozen=True, slots=True)
class Refresh:
    """What a refresh-only plan found changed or added."""

    changes: tuple[ResourceChange, ...]
    policies: tuple[ForeignPolicy, ...] = ()


@dataclass(frozen=True, slots=True)
class FunctionVersion:
    """A version of the function, or `$LATEST`: its code's digest, and its configuration.

    `config_sha256` is None where AWS gives none; `settings` are Lambda's own keys and values.
    """

    version: str
    code_sha256: str
    config_sha256: str | None
    settings: Mapping[str, Any]

    def same_settings(self, other: FunctionVersion) -> bool:
        """Return whether two versions are configured alike."""
        return not any(self.different_settings(other))

    def different_settings(self, other: FunctionVersion) -> Iterator[str]:
        """Yield the settings that differ; equal digests of AWS need no comparison."""
        if self.config_sha256 and self.config_sha256 == other.config_sha256:
            return
        for name in sorted(self.settings.keys() | other.settings.keys()):
            if (self.settings.get(name) or None) != (other.settings.get(name) or None):
                yield name


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing that differs: `name` is its Terraform address, or its name in AWS.

    `code` is resource-changed, resource-deleted, policy-added, release-unknown, code-changed,
    release-unproven, or that of a problem such as alarm-muted; `hint` ends with the command that
    fixes it.
    `fixed_by_deploy` says whether that is `tt-ops drift --fix`.
    """

    code: str
    name: str
    message: str
    hint: str
    attributes: tuple[AttributeChange, ...] = ()
    fixed_by_deploy: bool = False


@dataclass(frozen=True, slots=True)
class DriftReport:
    """The drift that there is, what of it was `fixed`, and what could not be checked."""

    drift: tuple[Drift, ...]
    fixed: tuple[Drift, ...] = ()
    problems: tuple[Problem, ...] = ()
