"""Releases: published versions of the function, and how proven they are."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

from .canary import CanaryOptions
from .times import timestamp_now

FULL, READ_ONLY, NO_CHECKS = CHECKS = ("full", "read-only", "none")
API_TIMEOUT = 5.0  # seconds until the API has to work
KEEP = 10  # releases
UNPROVEN = "unproven"
PROVEN = "proven"
FAILED = "failed"
BAKING = "baking"
# What the alias points to from its creation by Terraform until the first release.
UNRELEASED = "$LATEST"
# The events that say which release serves, and that it was left for an earlier one.
LIVE = "live"
ROLLED_BACK = "rolled back"
_DESCRIBED = re.compile(r"commit=(\S+) (clean|dirty) by=(\S+)")


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
    idempotency key of the task that a check creates, while it may not have deleted it;
    `promoted_from` the release of another environment that has the same package.
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
    promoted_from: str | None = None

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

    def after(self, what: str, by: str, detail: str = "", **changes: Any) -> ReleaseRecord:
        """Return the record after an event that happens now."""
        event = ReleaseEvent(timestamp_now(), what, by, detail)
        return replace(self, events=(*self.events, event), **changes)

    def outcome_by(self, routing: Routing) -> str:
        """Return the outcome; a bake that the alias does not show any more has proven nothing."""
        ended = self.outcome == BAKING and routing.canary != str(self.release)
        return UNPROVEN if ended else self.outcome

    def has(self, what: str) -> bool:
        """Return whether an event of this kind has ever happened to the release."""
        return any(event.what == what for event in self.events)

    @classmethod
    def of_version(cls, version: PublishedVersion) -> ReleaseRecord:
        """Return the record of a version that has none, such as one that an older tt-ops made."""
        commit, dirty, by = essentials(version.description)
        return cls(
            release=version.release,
            sha256=version.sha256,
            sources={},
            commit=commit,
            dirty=dirty,
            by=by or "unknown",
            run_url=None,
            at=version.at,
            tt_ops="unknown",
        )

    @property
    def described(self) -> str:
        """Return the essentials, for the description of the version (256 characters at most)."""
        commit = f"commit={self.commit[:7]}" if self.commit else "commit=none"
        words = (commit, "dirty" if self.dirty else "clean", f"by={self.by}")
        return " ".join((*words, f"tt-ops={self.tt_ops}"))[:256]


def lambda_digest(sha256: str) -> str:
    """Return the digest of a package, hexadecimal, as Lambda writes it: base64."""
    return base64.b64encode(bytes.fromhex(sha256)).decode()


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """A version as Lambda lists it; `sha256` is in hexadecimal, `at` the time of publication."""

    release: int
    sha256: str
    description: str
    at: str


@dataclass(frozen=True, slots=True)
class Release:
    """A release that exists, in short; `commit` and `by` are None where they are unknown."""

    release: int
    live: bool
    sha256: str
    commit: str | None
    dirty: bool
    by: str | None
    at: str
    outcome: str

    @classmethod
    def of(
        cls, version: PublishedVersion, record: ReleaseRecord | None, routing: Routing | None
    ) -> Release:
        """Return the release of a version; without a record, as its description has it."""
        commit, dirty, by = essentials(version.description)
        at = version.at
        if record is not None:
            commit, dirty, by, at = record.commit, record.dirty, record.by, record.at
        return cls(
            release=version.release,
            live=routing is not None and routing.version == str(version.release),
            sha256=version.sha256,
            commit=commit,
            dirty=dirty,
            by=by,
            at=at,
            outcome=outcome_of(version.release, record, routing),
        )


def outcome_of(release: int, record: ReleaseRecord | None, routing: Routing | None) -> str:
    """Return how proven a release is; only the alias says whether it bakes."""
    if routing is not None and routing.canary == str(release):
        return BAKING
    if record is None:
        return UNPROVEN
    return record.outcome if routing is None else record.outcome_by(routing)


def essentials(description: str) -> tuple[str | None, bool, str | None]:
    """Return commit, whether files differed from it, and who released, from a description."""
    match = _DESCRIBED.match(description)
    if match is None:
        return None, False, None
    commit, state, by = match.groups()
    return None if commit == "none" else commit, state == "dirty", by


@dataclass(frozen=True, slots=True)
class ServingRelease:
    """A release that serves: all requests, or the share `weight` of them.

    `release` is `$LATEST` where nothing was released; `commit` and `by` are None where they are
    unknown, `outcome` where its record cannot be read from here.
    """

    release: str
    weight: float
    commit: str | None
    dirty: bool
    by: str | None
    at: str
    outcome: str | None


@dataclass(frozen=True, slots=True)
class ReleaseList:
    """The releases that exist, the newest first."""

    releases: tuple[Release, ...]


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """An event of a release; with the event live, `served` is for how many seconds it was."""

    release: int
    at: str
    what: str
    by: str
    detail: str
    served: float | None


@dataclass(frozen=True, slots=True)
class ReleaseHistory:
    """What happened to all releases, the newest first; `more` events are older."""

    events: tuple[HistoryEvent, ...]
    more: int

    @classmethod
    def of(cls, records: Iterable[ReleaseRecord], limit: int) -> ReleaseHistory:
        """Return the newest events of the records."""
        events = tuple(_history(records))
        return cls(events[:limit], max(0, len(events) - limit))


def _history(records: Iterable[ReleaseRecord]) -> Iterator[HistoryEvent]:
    events = [(record.release, event) for record in records for event in record.events]
    events.sort(key=lambda each: each[1].at)
    # A release serves until the next one does.
    until = datetime.now(UTC)
    for release, event in reversed(events):
        served = None
        if event.what == LIVE:
            since = datetime.fromisoformat(event.at)
            served, until = round(max(0.0, (until - since).total_seconds()), 3), since
        yield HistoryEvent(release, event.at, event.what, event.by, event.detail, served)


@dataclass(frozen=True, slots=True)
class PruneResult:
    """The releases whose versions were deleted, or would be in a dry run, and those kept."""

    pruned: tuple[int, ...]
    kept: tuple[int, ...]
    dry_run: bool


@dataclass(frozen=True, slots=True)
class ReleaseOptions:
    """How a release is checked: `checks` is full, read-only or none.

    `timeout` is how many seconds the API may take to work, `keep` how many releases are kept;
    without a `canary` the release takes all requests at once.
    """

    checks: str = FULL
    timeout: float = API_TIMEOUT
    keep: int = KEEP
    canary: CanaryOptions | None = None


DEFAULT_OPTIONS = ReleaseOptions()


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
