"""Let an earlier release serve again: one change of the alias, and the checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.release import (
    DEFAULT_OPTIONS,
    PROVEN,
    ROLLED_BACK,
    UNRELEASED,
    PublishedVersion,
    Release,
    ReleaseOptions,
    ReleaseRecord,
    Routing,
)
from tasktracker_ops.models.rollback import Rollback, RollbackResult, file_changes

from .deploy_lock import deploy_lock
from .release import Releases
from .releases import newest_proven
from .serving import Serving

if TYPE_CHECKING:
    from tasktracker_ops.app import App

ApproveRollback = Callable[[Rollback], None]
_LIST = "see which releases there are: tt-ops releases"


def rollback(
    app: App,
    release: int | None = None,
    options: ReleaseOptions = DEFAULT_OPTIONS,
    *,
    approve: ApproveRollback,
    lock_timeout: int = 0,
) -> RollbackResult:
    """Let a release serve again, by default the newest proven one before the live one.

    Holds the deploy lock. A release that is not proven is checked before it serves. `approve` gets
    the rollback and raises to stop. Raises TtOpsError `release-unknown`, `release-pruned`,
    `release-live`, `release-baking` or `rollback-impossible`, and those of `Serving.serve`, which
    lets the release before serve again.
    """
    app.ensure_ready()
    deployment = app.deployments.get()
    function = app.deployed_function(deployment)
    with deploy_lock(app, "rollback", timeout=lock_timeout) as lock:
        releases = Releases(app, lock, function)
        routing = releases.routing()
        _require_no_canary(routing)
        versions = function.versions()
        target = _target(app, release, versions, routing)
        known = {version.release: version for version in versions}
        record = app.release_records.read(target)
        current = releases.record_of(routing.version)
        planned = Rollback(
            before=_described(known, current, routing),
            after=Release.of(known[target], record, routing),
            changes=file_changes(current.sources, record.sources)
            if current and record and current.sources and record.sources
            else None,
        )
        approve(planned)
        record = record or ReleaseRecord.of_version(known[target])
        if record.outcome != PROVEN:
            record = releases.record_start(record, options)
        reason = f"rollback from {routing.version}"
        result = Serving(releases, record, routing, deployment, options).serve(reason)
        if (left := releases.record_of(routing.version)) is not None:
            releases.write(left, ROLLED_BACK, detail=f"to {target}")
        return RollbackResult(planned, result)


def _require_no_canary(routing: Routing) -> None:
    if routing.canary is not None:
        raise TtOpsError(
            "release-baking",
            f"release {routing.canary} is baking: it takes {routing.weight:.0%} of the requests, "
            f"release {routing.version} the others",
            hint=f"let release {routing.version} take all of them: tt-ops abort",
        )


def _target(
    app: App, release: int | None, versions: tuple[PublishedVersion, ...], routing: Routing
) -> int:
    """Return the release that is to serve again."""
    if release is None:
        if (proven := newest_proven(versions, app.release_records, routing)) is None:
            raise TtOpsError(
                "rollback-impossible",
                f"there is no proven release before the live one ({routing.version}) to go back to",
                hint=_LIST,
            )
        return proven.release
    if str(release) == routing.version:
        raise TtOpsError("release-live", f"release {release} is live already", hint=_LIST)
    if any(version.release == release for version in versions):
        return release
    if (record := app.release_records.read(release)) is None:
        raise TtOpsError("release-unknown", f"there is no release {release}", hint=_LIST)
    made_of = f" (commit {record.commit[:7]})" if record.commit else ""
    raise TtOpsError(
        "release-pruned",
        f"release {release}{made_of} was pruned: its version was deleted",
        hint="check its commit out, and release it again: tt-ops deploy",
    )


def _described(
    known: dict[int, PublishedVersion], record: ReleaseRecord | None, routing: Routing
) -> Release | None:
    """Return the live release; None where none is."""
    if routing.version == UNRELEASED:
        return None
    return Release.of(known[int(routing.version)], record, routing)
