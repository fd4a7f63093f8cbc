"""Release the code: upload, publish, record, and let it serve.

Each step may be interrupted and repeated. The alias alone says which release is live, and it points
to no version that was not checked; the record of a release alone says how proven it is, and is
written before and after what it speaks of.
"""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tasktracker_ops import __version__
from tasktracker_ops.adapters.aws.functions import ALIAS
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.deployment import Deployment
from tasktracker_ops.models.package import Package
from tasktracker_ops.models.release import (
    FULL,
    NO_CHECKS,
    PROVEN,
    UNPROVEN,
    UNRELEASED,
    ReleaseOptions,
    ReleaseRecord,
    ReleaseResult,
    Routing,
    lambda_digest,
)
from tasktracker_ops.models.times import timestamp_now

from .canary import PROMOTED, end_interrupted_bake
from .package_upload import upload
from .releases import prune_versions
from .serving import Serving
from .version_checks import VersionChecks

if TYPE_CHECKING:
    from tasktracker_ops.adapters.aws.functions import Functions
    from tasktracker_ops.app import App

    from .deploy_lock import HeldLock


class Releases:
    """Releases of one deployment, made by the run that holds the deploy lock."""

    def __init__(
        self,
        app: App,
        lock: HeldLock,
        function: Functions | None = None,
        *,
        new: ReleaseRecord | None = None,
    ) -> None:
        """Make releases of `function`, or of the one that the settings name.

        `new` is what the record of a new release begins with, if no project has made the package.
        """
        self.app = app
        self.lock = lock
        self.function = function or app.functions
        self.records = app.release_records
        self._new = new

    def release(
        self, package: Package, deployment: Deployment, options: ReleaseOptions
    ) -> ReleaseResult:
        """Let a new release serve where code or configuration differ, or the live one is unproven.

        Raises TtOpsError `version-broken` for a version that no request has reached, or
        `smoke-check-failed`, after the release before serves again; and those of `Canary.bake` and
        `end_interrupted_bake`.
        """
        before = end_interrupted_bake(self.app, self.lock) or self.routing()
        with ThreadPoolExecutor() as pool:
            serving, latest = pool.map(self.function.version, (ALIAS, UNRELEASED))
        same_code = serving.code_sha256 == lambda_digest(package.sha256)
        same = same_code and serving.same_settings(latest) and before.version != UNRELEASED
        record = self._known(before.version, package) if same else None
        outcome = record.outcome_by(before) if record else UNPROVEN
        if same and (outcome == PROVEN or options.checks == NO_CHECKS):
            self.note_without_canary(before.version, before, options)
            return ReleaseResult(before.version, before.version, outcome, "not needed", False)
        version = before.version
        if not same:
            with ThreadPoolExecutor() as pool:
                asking_git = pool.submit(self._new_record, package)
                if latest.code_sha256 != lambda_digest(package.sha256):
                    self.app.report.doing(f"uploading {package.path.name}")
                    upload(self.app, package)
            new = asking_git.result()
            version = self.function.publish(lambda_digest(package.sha256), new.described)
            record = self._known(version, package) or replace(new, release=int(version))
        elif record is None:
            record = replace(self._new_record(package), release=int(version))
        record = self.record_start(record, options)
        try:
            return Serving(self, record, before, deployment, options).serve()
        finally:
            # Versions that fail are published, too.
            if not same:
                self._prune(options.keep)

    def promote(
        self, record: ReleaseRecord, routing: Routing, deployment: Deployment
    ) -> ReleaseResult:
        """Let the release that bakes take all requests, and check the API.

        `routing` is where they go now. Raises TtOpsError as `release` does.
        """
        now = self.function.shift(str(record.release), instead_of=routing)
        record = self.write(record, PROMOTED, outcome=UNPROVEN, bake=None)
        return Serving(self, record, routing, deployment, ReleaseOptions()).check_live(now)

    def mark_unproven(self) -> None:
        """Record that the live release has to be checked again: what is around it changes."""
        routing = self.function.routing()
        record = self.record_of(routing.version) if routing else None
        if record is not None and record.outcome == PROVEN:
            self.write(record, "unproven", outcome=UNPROVEN, detail="the infrastructure changes")

    def record_start(self, record: ReleaseRecord, options: ReleaseOptions) -> ReleaseRecord:
        """Record that a release is not proven, before it is checked."""
        key = record.check_key
        if key and options.checks != NO_CHECKS:
            # Where that fails, the check with the same key does too, and says why.
            with suppress(TtOpsError):
                VersionChecks(self.function, str(record.release)).clean_up(key)
                key = None
        if options.checks == FULL:
            key = key or str(uuid.uuid4())
        what = "checked again" if record.events else "published"
        source = f"from {record.promoted_from}" if record.promoted_from else ""
        return self.write(record, what, detail=source, outcome=UNPROVEN, bake=None, check_key=key)

    def note_without_canary(self, version: str, before: Routing, options: ReleaseOptions) -> None:
        """Report why a release takes all requests at once, though a canary was asked for."""
        if options.canary is not None and before.version in (UNRELEASED, version):
            why = (
                "it is the first release"
                if before.version == UNRELEASED
                else "it takes all requests already"
            )
            self.app.report.note(f"Release {version} has no canary: {why}.")

    def _prune(self, keep: int) -> None:
        """Delete old versions; the release is live even if that fails."""
        try:
            prune_versions(self.function, self.records, keep=keep)
        except TtOpsError as error:
            self.app.report.note(f"Old releases were not pruned: {error.message}")

    def _new_record(self, package: Package) -> ReleaseRecord:
        if self._new is not None:
            return self._new
        lock = self.lock.lock
        from tasktracker_ops.adapters.host.git import has_changes

        return ReleaseRecord(
            release=0,
            sha256=package.sha256,
            sources=package.sources,
            commit=lock.commit,
            dirty=has_changes(self.app.settings.project),
            by=lock.who,
            run_url=lock.run_url,
            at=timestamp_now(),
            tt_ops=__version__,
        )

    def write(
        self, record: ReleaseRecord, what: str, *, detail: str = "", **changes: Any
    ) -> ReleaseRecord:
        """Store what happened to a release; return its record after that."""
        record = record.after(what, self.lock.lock.who, detail, **changes)
        self.records.write(record)
        return record

    def _known(self, version: str, package: Package) -> ReleaseRecord | None:
        """Return the record of a version; None where it is of another package."""
        record = self.record_of(version)
        return record if record is not None and record.sha256 == package.sha256 else None

    def record_of(self, version: str) -> ReleaseRecord | None:
        """Return the record of a version; None for `$LATEST`, and where there is none."""
        return None if version == UNRELEASED else self.records.read(int(version))

    def routing(self) -> Routing:
        """Return where the alias sends requests. Raises TtOpsError `alias-missing`."""
        routing = self.function.routing()
        if routing is None:
            raise TtOpsError(
                "alias-missing",
                f"the function {self.function.name!r} has no alias {ALIAS!r}, so nothing serves",
                hint="create it again: tt-ops deploy",
            )
        return routing
