"""Releases: published versions of the function, and how proven they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

UNPROVEN = "unproven"
PROVEN = "proven"
FAILED = "failed"
BAKING = "baking"
# What the alias points to from its creation by Terraform until the first release.
UNRELEASED = "$LATEST"


@dataclass(frozen=True, slots=True)
class Routing:
    """Where the alias sends requests: to `version`, and the share `weight` of them to `canary`.

    `revision_id` is Lambda's, and names this state of the alias.
    """

    version: str
    canary: str | None
    weight: float
    revision_id: str


@dataclass(frozen=True, slots=True)
class ReleaseEvent:
    """What happened to a release: published, live, proven, failed, replaced …

    `by` did it, in the form of the deploy lock's holder.
    """

    at: str
    what: str
    by: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Bake:
    """A trial of a release, which takes the share `weight` (from 0 to 1) of the requests.

    It is over at `until` (RFC 3339). `run` is the id of the deploy lock of the run that watches it;
    without one it goes on until somebody promotes or aborts the release.
    """

    weight: float
    until: str
    run: str | None


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """What is known of a release for good.

    `sha256` is the digest of its package, `sources` those of its files by path, all in hexadecimal.
    `outcome` is unproven, proven, failed or baking, then with its `bake`. `check_key` is the
    idempotency key of the task that a check creates, while it may not have deleted it.
    """

    release: int
    sha256: str
    sources: Mapping[str, str]
    commit: str | None
    dirty: bool
    by: str
    run_url: str | None
    at: str
    tt_ops: str
    outcome: str = UNPROVEN
    bake: Bake | None = None
    check_key: str | None = None
    events: tuple[ReleaseEvent, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ReleaseRecord:
        """Return the record in an object; unknown keys are ignored. Raises KeyError, TypeError."""
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in data.items() if name in known}
        if values.get("bake") is not None:
            values["bake"] = Bake(**values["bake"])
        events = tuple(ReleaseEvent(**event) for event in data["events"])
        return cls(**{**values, "events": events})

    def to_json(self) -> dict[str, Any]:
        """Return the record as an object of JSON."""
        return asdict(self)

    def after(self, event: ReleaseEvent, **changes: Any) -> ReleaseRecord:
        """Return the record after an event."""
        return replace(self, events=(*self.events, event), **changes)

    def outcome_by(self, routing: Routing) -> str:
        """Return the outcome; a bake that the alias does not show any more has proven nothing."""
        ended = self.outcome == BAKING and routing.canary != str(self.release)
        return UNPROVEN if ended else self.outcome

    @property
    def described(self) -> str:
        """Return the essentials, for the description of the version (256 characters at most)."""
        commit = f"commit={self.commit[:7]}" if self.commit else "commit=none"
        words = (commit, "dirty" if self.dirty else "clean", f"by={self.by}")
        return " ".join((*words, f"tt-ops={self.tt_ops}"))[:256]


@dataclass(frozen=True, slots=True)
class ReleaseResult:
    """Which release is live after a deploy, and how it was checked.

    `release` is None where no version was ever published. `checks` is passed, partly passed,
    skipped or not needed; `changed` says whether another release is live than before. With a
    `bake`, `release` takes its share of the requests and `previous` the others; then `checks` is
    pending.
    """

    release: str | None
    previous: str | None
    outcome: str
    checks: str
    changed: bool
    bake: Bake | None = None
