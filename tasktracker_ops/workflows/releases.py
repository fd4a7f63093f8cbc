"""The releases that there are, what happened to all of them, and the deletion of old ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tasktracker_ops.errors import ConfigurationError
from tasktracker_ops.models.release import (
    PROVEN,
    UNPROVEN,
    UNRELEASED,
    PruneResult,
    PublishedVersion,
    Release,
    ReleaseHistory,
    ReleaseList,
    ReleaseRecord,
    Routing,
    ServingRelease,
    essentials,
    outcome_of,
)
from tasktracker_ops.models.status import FunctionState

from .deploy_lock import deploy_lock

if TYPE_CHECKING:
    from tasktracker_ops.adapters.aws.functions import Functions
    from tasktracker_ops.adapters.aws.releases import ReleaseRecords
    from tasktracker_ops.app import App


def releases(app: App, *, limit: int | None = None) -> ReleaseList:
    """Return the releases that exist, the newest first; the newest `limit` of them."""
    function = app.deployed_function(app.deployments.get())
    routing, versions = function.routing(), function.versions()[:limit]
    records = app.release_records.read_all(version.release for version in versions)
    return ReleaseList(
        tuple(Release.of(version, records.get(version.release), routing) for version in versions)
    )


def serving_releases(
    app: App, function: Functions, live: FunctionState
) -> tuple[ServingRelease, ...]:
    """Return the release that is live, and the one that bakes, if any."""
    routing = function.routing()
    if routing is None or routing.canary is None:
        return (_serving(app, live, routing, 1.0),)
    canary = function.state(routing.canary)
    return (
        _serving(app, live, routing, 1 - routing.weight),
        _serving(app, canary, routing, routing.weight),
    )


def _serving(
    app: App, function: FunctionState, routing: Routing | None, weight: float
) -> ServingRelease:
    commit, dirty, by = essentials(function.description)
    return ServingRelease(
        release=function.version,
        weight=weight,
        commit=commit,
        dirty=dirty,
        by=by,
        at=function.changed_at,
        outcome=_outcome(app, function.version, routing),
    )


def _outcome(app: App, version: str, routing: Routing | None) -> str | None:
    """Return how proven a version is; None to those who may not read its record."""
    from tasktracker_ops.adapters.aws.session import AwsNotFound

    if version == UNRELEASED:
        return UNPROVEN
    try:
        return outcome_of(int(version), app.release_records.read(int(version)), routing)
    except AwsNotFound:  # of the bucket: another is configured here
        return None
    except ConfigurationError as error:
        if error.code != "aws-access-denied":
            raise
        return None


def release_history(app: App, *, limit: int) -> ReleaseHistory:
    """Return the newest events of all releases, also of those that were pruned."""
    app.session.require_credentials()
    records = app.release_records
    return ReleaseHistory.of(records.read_all(records.releases()).values(), limit)


def prune(
    app: App,
    *,
    keep: int,
    dry_run: bool,
    approve: Callable[[tuple[int, ...]], None],
    lock_timeout: int = 0,
) -> PruneResult:
    """Delete the versions of all but the newest `keep` releases, as `prune_versions` does.

    Holds the deploy lock, unless for a dry run. `approve` gets the releases and raises to stop.
    """
    app.ensure_ready()
    function, records = app.deployed_function(app.deployments.get()), app.release_records
    if dry_run:
        return prune_versions(function, records, keep=keep, dry_run=True)
    with deploy_lock(app, "releases prune", timeout=lock_timeout):
        planned = prune_versions(function, records, keep=keep, dry_run=True)
        if planned.pruned:
            approve(planned.pruned)
        return prune_versions(function, records, keep=keep)


def prune_versions(
    function: Functions, records: ReleaseRecords, *, keep: int, dry_run: bool = False
) -> PruneResult:
    """Delete the versions of all but the newest `keep` releases; their records stay.

    Keeps the release that is live, the one that a rollback would let serve, one that bakes, and
    those that another alias names.
    """
    versions = function.versions()
    old = versions[keep:]
    pruned: list[int] = []
    if old and (routing := function.routing()) is not None:
        older = _older(versions, routing)
        proven = newest_proven(versions, records, routing)
        before = proven.release if proven else older[0].release if older else None
        used = {routing.version, routing.canary, str(before)}
        pruned = [
            version.release
            for version in reversed(old)
            if str(version.release) not in used
            and (dry_run or function.delete_version(version.release))
        ]
    kept = (version.release for version in versions if version.release not in pruned)
    return PruneResult(tuple(pruned), tuple(kept), dry_run)


def newest_proven(
    versions: Sequence[PublishedVersion], records: ReleaseRecords, routing: Routing
) -> ReleaseRecord | None:
    """Return the newest proven release before the live one; `versions` are the newest first."""
    for version in _older(versions, routing):
        record = records.read(version.release)
        if record is not None and record.outcome == PROVEN:
            return record
    return None


def _older(versions: Sequence[PublishedVersion], routing: Routing) -> tuple[PublishedVersion, ...]:
    """Return the versions before the live one; all of them where none is live."""
    if routing.version == UNRELEASED:
        return tuple(versions)
    return tuple(each for each in versions if each.release < int(routing.version))
