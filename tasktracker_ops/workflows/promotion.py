"""End the bake of a release by hand: promote it, or abort it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.canary import BakeResult
from tasktracker_ops.models.release import (
    FAILED,
    UNPROVEN,
    ReleaseRecord,
    Routing,
)

from .canary import ABORTED, PROMOTED
from .dead_runs import is_dead
from .deploy_lock import deploy_lock
from .release import Releases

if TYPE_CHECKING:
    from tasktracker_ops.app import App


def promote(app: App) -> BakeResult:
    """Let the release that bakes take all requests.

    The run that watches it notices, and checks the API. Where none does, this one holds the deploy
    lock and checks the API itself, as `Releases.release` does. Raises TtOpsError
    `release-not-baking`.
    """
    deployment = app.deployments.get()
    routing, record = _baking(app)
    release = str(routing.canary)
    if record is None:
        raise TtOpsError(
            "release-unknown",
            f"version {release} takes {routing.weight:.0%} of the requests, but is no release of "
            "tt-ops",
            hint=f"let release {routing.version} take all requests: tt-ops abort",
        )
    if _is_watched(app, record):
        app.functions.shift(release, instead_of=routing)
        _record(app, release, PROMOTED, UNPROVEN)
        return BakeResult(release, release, PROMOTED, UNPROVEN, "pending")
    with deploy_lock(app, "promote") as lock:
        result = Releases(app, lock).promote(record, routing, deployment)
    return BakeResult(release, release, PROMOTED, result.outcome, result.checks)


def abort(app: App) -> BakeResult:
    """Let the release before take all requests again, instead of the one that bakes.

    Takes no lock: a run that watches it notices. Raises TtOpsError `release-not-baking`.
    """
    app.session.require_credentials()
    routing, _ = _baking(app)
    release = str(routing.canary)
    app.functions.shift(routing.version, instead_of=routing)
    _record(app, release, ABORTED, FAILED)
    return BakeResult(release, routing.version, ABORTED, FAILED, "not needed")


def _baking(app: App) -> tuple[Routing, ReleaseRecord | None]:
    routing = app.functions.routing()
    if routing is None or routing.canary is None:
        serving = f"release {routing.version} takes all requests" if routing else "nothing serves"
        raise TtOpsError(
            "release-not-baking",
            f"no release is baking: {serving}",
            hint="see what happened to each release: tt-ops releases --history",
        )
    return routing, app.release_records.read(int(routing.canary))


def _is_watched(app: App, record: ReleaseRecord) -> bool:
    """Return whether the run that has started the bake still watches it."""
    if record.bake is None or record.bake.run is None:
        return False
    holder = app.deploy_locks.queue().holder
    return holder is not None and holder.lock.id == record.bake.run and not is_dead(holder)


def _record(app: App, release: str, what: str, outcome: str) -> None:
    from tasktracker_ops.adapters.host.processes import user_at_host

    app.release_records.update(
        int(release), lambda record: record.after(what, user_at_host(), outcome=outcome, bake=None)
    )
