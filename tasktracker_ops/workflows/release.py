"""Release the code: upload, publish, check, shift, check again, record.

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
from tasktracker_ops.errors import ConfigurationError, TtOpsError
from tasktracker_ops.models.deployment import Deployment
from tasktracker_ops.models.package import Package
from tasktracker_ops.models.release import (
    BAKING,
    FAILED,
    FULL,
    LIVE,
    NO_CHECKS,
    PROVEN,
    ROLLED_BACK,
    UNPROVEN,
    UNRELEASED,
    ReleaseOptions,
    ReleaseRecord,
    ReleaseResult,
    Routing,
    lambda_digest,
)
from tasktracker_ops.models.times import timestamp_now

from .canary import PROMOTED, Canary, end_interrupted_bake
from .package_upload import upload
from .releases import newest_proven, prune_versions
from .smoke import smoke_check
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
        self._app = app
        self._lock = lock
        self._function = function or app.functions
        self._records = app.release_records
        self._new = new

    def release(
        self, package: Package, deployment: Deployment, options: ReleaseOptions
    ) -> ReleaseResult:
        """Let a new release serve where code or configuration differ, or the live one is unproven.

        Raises TtOpsError `version-broken` for a version that no request has reached, or
        `smoke-check-failed`, after the release before serves again; and those of `Canary.bake` and
        `end_interrupted_bake`.
        """
        before = end_interrupted_bake(self._app, self._lock) or self.routing()
        with ThreadPoolExecutor() as pool:
            serving, latest = pool.map(self._function.version, (ALIAS, UNRELEASED))
        same_code = serving.code_sha256 == lambda_digest(package.sha256)
        same = same_code and serving.same_settings(latest) and before.version != UNRELEASED
        record = self._known(before.version, package) if same else None
        outcome = record.outcome_by(before) if record else UNPROVEN
        if same and (outcome == PROVEN or options.checks == NO_CHECKS):
            self._note_without_canary(before.version, before, options)
            return ReleaseResult(before.version, before.version, outcome, "not needed", False)
        version = before.version
        if not same:
            with ThreadPoolExecutor() as pool:
                asking_git = pool.submit(self._new_record, package)
                if latest.code_sha256 != lambda_digest(package.sha256):
                    self._app.report.doing(f"uploading {package.path.name}")
                    upload(self._app, package)
            new = asking_git.result()
            version = self._function.publish(lambda_digest(package.sha256), new.described)
            record = self._known(version, package) or replace(new, release=int(version))
        elif record is None:
            record = replace(self._new_record(package), release=int(version))
        record = self.begun(record, options)
        try:
            return self.serve(record, before, deployment, options)
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
        now = self._function.shift(str(record.release), instead_of=routing)
        record = self.write(record, PROMOTED, outcome=UNPROVEN, bake=None)
        return self._live(record, routing, now, deployment, ReleaseOptions())

    def doubt(self) -> None:
        """Record that the live release has to be checked again: what is around it changes."""
        routing = self._function.routing()
        record = self.record_of(routing.version) if routing else None
        if record is not None and record.outcome == PROVEN:
            self.write(record, "unproven", outcome=UNPROVEN, detail="the infrastructure changes")

    def begun(self, record: ReleaseRecord, options: ReleaseOptions) -> ReleaseRecord:
        """Record that a release is not proven, before it is checked."""
        key = record.check_key
        if key and options.checks != NO_CHECKS:
            # Where that fails, the check with the same key does too, and says why.
            with suppress(TtOpsError):
                VersionChecks(self._function, str(record.release)).clean_up(key)
                key = None
        if options.checks == FULL:
            key = key or str(uuid.uuid4())
        what = "checked again" if record.events else "published"
        source = f"from {record.promoted_from}" if record.promoted_from else ""
        return self.write(record, what, detail=source, outcome=UNPROVEN, bake=None, check_key=key)

    def serve(
        self,
        record: ReleaseRecord,
        before: Routing,
        deployment: Deployment,
        options: ReleaseOptions,
        *,
        reason: str = "",
    ) -> ReleaseResult:
        """Check a release, unless it is proven, let it serve, and check it through the API.

        `before` is the alias as it was found; `reason` is recorded beside what the release
        replaces. Raises the errors of `release`.
        """
        version, routing = str(record.release), before
        if options.checks != NO_CHECKS and record.outcome != PROVEN:
            self._app.report.doing(f"checking release {version} before it serves")
            with ThreadPoolExecutor() as pool:
                # To import what the API's check needs takes as long as the version to start.
                pool.submit(self._app.tasks, deployment)
                record = self._checked(record, before, options, pool)
        self._note_without_canary(version, before, options)
        if before.version != version:
            self._lock.require_held()
            if options.canary is None or before.version == UNRELEASED:
                routing = self._function.shift(version, instead_of=before)
            else:
                canary = Canary(self._app, self._lock, deployment, record, before)
                record = canary.bake(options.canary)
                if record.outcome == BAKING:
                    return ReleaseResult(
                        version, before.version, BAKING, "pending", True, record.bake
                    )
                routing = self.routing()
        return self._live(record, before, routing, deployment, options, reason)

    def _live(
        self,
        record: ReleaseRecord,
        before: Routing,
        routing: Routing,
        deployment: Deployment,
        options: ReleaseOptions,
        reason: str = "",
    ) -> ReleaseResult:
        """Check the API with a release that takes all requests, and record the outcome."""
        version = str(record.release)
        if before.version != version:
            self._app.report.done(f"release {version} is live")
            record = self.write(record, LIVE, detail=reason or _instead_of(before))
        elif not record.has(LIVE):  # the run that let it serve was killed
            record = self.write(record, LIVE)
        checks = "skipped"
        if options.checks != NO_CHECKS:
            checks = self._check_api(record, before, routing, deployment, options.timeout)
            record = self.write(record, PROVEN, outcome=PROVEN)
        changed = before.version != version
        return ReleaseResult(version, before.version, record.outcome, checks, changed)

    def _note_without_canary(self, version: str, before: Routing, options: ReleaseOptions) -> None:
        if options.canary is not None and before.version in (UNRELEASED, version):
            why = (
                "it is the first release"
                if before.version == UNRELEASED
                else "it takes all requests already"
            )
            self._app.report.note(f"Release {version} has no canary: {why}.")

    def _checked(
        self,
        record: ReleaseRecord,
        before: Routing,
        options: ReleaseOptions,
        pool: ThreadPoolExecutor,
    ) -> ReleaseRecord:
        """Check a release by its number; return its record without what the checks left behind."""
        checks, key = VersionChecks(self._function, str(record.release)), record.check_key
        first = 1 if before.version == UNRELEASED else int(before.version)
        others = pool.submit(self._records.read_all, range(first, record.release))
        try:
            checks.read()
            if options.checks == FULL and key:
                checks.write(key)
                record = replace(record, check_key=None)
        except TtOpsError as error:
            if error.code == "version-broken":  # it says nothing of the version otherwise
                record = self.write(record, "failed", outcome=FAILED, detail=error.message)
                if before.version != UNRELEASED:
                    self._clean_up(record, by=before.version)
            raise
        # What the checks of releases left that could not delete it, or were killed.
        for other in others.result().values():
            self._clean_up(other, by=str(record.release))
        return record

    def _clean_up(self, record: ReleaseRecord, *, by: str) -> None:
        """Delete by the version `by` the task that the checks of a release left, if they did."""
        if record.check_key is not None:
            with suppress(TtOpsError):
                VersionChecks(self._function, by).clean_up(record.check_key)
                self._records.write(replace(record, check_key=None))

    def _check_api(
        self,
        record: ReleaseRecord,
        before: Routing,
        routing: Routing,
        deployment: Deployment,
        timeout: float,
    ) -> str:
        """Check the API as clients see it; the release before serves again where it fails."""
        self._app.report.doing("checking that the API works")
        try:
            api = self._app.tasks(deployment)
            complete = smoke_check(api, api_auth=deployment.api_auth, timeout=timeout)
        except ConfigurationError:  # such as an invalid token: the version may be fine
            raise
        except TtOpsError as error:
            failed = self.write(record, "failed", outcome=FAILED, detail=error.message)
            raise self._back(failed, before, routing, error) from error
        table = "reaches its table" if complete else "requires a token; the table was not checked"
        self._app.report.done(f"the API answers, and {table}")
        return "passed" if complete else "partly passed"

    def _back(
        self, record: ReleaseRecord, before: Routing, routing: Routing, cause: TtOpsError
    ) -> TtOpsError:
        """Let the release before serve again, and return the error to raise."""
        version = str(record.release)
        hint = "see what the function logged, fix it and deploy again: tt-ops logs --errors"
        try:
            target = self._release_before(record, before)
            if target is None:
                return TtOpsError(
                    "smoke-check-failed",
                    f"release {version} is live, but the API does not work: {cause.message}",
                    hint=hint,
                )
            self._function.shift(target, instead_of=routing)
            self.write(record, ROLLED_BACK, detail=f"to {target}")
            if (known := self.record_of(target)) is not None:
                self.write(known, LIVE, detail=f"back from {version}")
        except TtOpsError as error:
            return TtOpsError(
                "rollback-failed",
                f"release {version} does not work ({cause.message}), and the release before it "
                f"could not serve again: {error.message}",
                hint=hint,
            )
        return TtOpsError(
            "smoke-check-failed",
            f"release {version} does not work, so release {target} serves again: {cause.message}",
            hint=f"{hint} --release {version}",
        )

    def _release_before(self, record: ReleaseRecord, before: Routing) -> str | None:
        """Return the release to go back to, None where there is none or it would not help."""
        if before.version not in (UNRELEASED, str(record.release)):
            return before.version
        # One that has worked fails for what is around it. One that never did was let serve by a
        # run that ended before it could go back.
        if before.version == UNRELEASED or record.has(PROVEN):
            return None
        target = newest_proven(self._function.versions(), self._records, before)
        return None if target is None else str(target.release)

    def _prune(self, keep: int) -> None:
        """Delete old versions; the release is live even if that fails."""
        try:
            prune_versions(self._function, self._records, keep=keep)
        except TtOpsError as error:
            self._app.report.note(f"Old releases were not pruned: {error.message}")

    def _new_record(self, package: Package) -> ReleaseRecord:
        if self._new is not None:
            return self._new
        lock = self._lock.lock
        from tasktracker_ops.adapters.host.git import has_changes

        return ReleaseRecord(
            release=0,
            sha256=package.sha256,
            sources=package.sources,
            commit=lock.commit,
            dirty=has_changes(self._app.settings.project),
            by=lock.who,
            run_url=lock.run_url,
            at=timestamp_now(),
            tt_ops=__version__,
        )

    def write(
        self, record: ReleaseRecord, what: str, *, detail: str = "", **changes: Any
    ) -> ReleaseRecord:
        """Store what happened to a release; return its record after that."""
        record = record.after(what, self._lock.lock.who, detail, **changes)
        self._records.write(record)
        return record

    def _known(self, version: str, package: Package) -> ReleaseRecord | None:
        """Return the record of a version; None where it is of another package."""
        record = self.record_of(version)
        return record if record is not None and record.sha256 == package.sha256 else None

    def record_of(self, version: str) -> ReleaseRecord | None:
        """Return the record of a version; None for `$LATEST`, and where there is none."""
        return None if version == UNRELEASED else self._records.read(int(version))

    def routing(self) -> Routing:
        """Return where the alias sends requests. Raises TtOpsError `alias-missing`."""
        routing = self._function.routing()
        if routing is None:
            raise TtOpsError(
                "alias-missing",
                f"the function {self._function.name!r} has no alias {ALIAS!r}, so nothing serves",
                hint="create it again: tt-ops deploy",
            )
        return routing


def _instead_of(before: Routing) -> str:
    return "" if before.version == UNRELEASED else f"instead of {before.version}"
