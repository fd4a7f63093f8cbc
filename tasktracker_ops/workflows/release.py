"""Release the code: upload, publish, check, shift, check again, record.

Each step may be interrupted and repeated. The alias alone says which release is live, and it points
to no version that was not checked; the record of a release alone says how proven it is, and is
written before and after what it speaks of.
"""

from __future__ import annotations

import base64
import uuid
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tasktracker_ops import __version__
from tasktracker_ops.adapters.aws.functions import ALIAS
from tasktracker_ops.errors import ConfigurationError, TtOpsError
from tasktracker_ops.models.deployment import Deployment
from tasktracker_ops.models.package import Package
from tasktracker_ops.models.release import (
    FAILED,
    PROVEN,
    UNPROVEN,
    UNRELEASED,
    ReleaseEvent,
    ReleaseRecord,
    ReleaseResult,
    Routing,
)
from tasktracker_ops.models.times import timestamp

from .package_upload import upload
from .smoke import SECONDS, smoke_check
from .version_checks import VersionChecks

if TYPE_CHECKING:
    from tasktracker_ops.app import App

    from .deploy_lock import HeldLock

FULL, READ_ONLY, NO_CHECKS = CHECKS = ("full", "read-only", "none")


@dataclass(frozen=True)
class ReleaseOptions:
    """How a release is checked: `checks` is full, read-only or none.

    `timeout` is how many seconds the API may take to work.
    """

    checks: str = FULL
    timeout: float = SECONDS


class Releases:
    """Releases of one deployment, made by the run that holds the deploy lock."""

    def __init__(self, app: App, lock: HeldLock) -> None:
        self._app = app
        self._lock = lock
        self._function = app.functions
        self._records = app.release_records

    def release(
        self, package: Package, deployment: Deployment, options: ReleaseOptions
    ) -> ReleaseResult:
        """Let a new release serve where code or configuration differ, or the live one is unproven.

        Raises TtOpsError `version-broken` for a version that no request has reached, or
        `smoke-check-failed`, after the release before serves again.
        """
        before = self._routing()
        serving, latest = self._function.version(ALIAS), self._function.version(UNRELEASED)
        same_code = serving.code_sha256 == _lambda_digest(package)
        same = same_code and serving.same_settings(latest) and before.version != UNRELEASED
        record = self._record_of(before.version)
        outcome = record.outcome if record else UNPROVEN
        if same and (outcome == PROVEN or options.checks == NO_CHECKS):
            return ReleaseResult(before.version, before.version, outcome, "not needed", False)
        version = before.version
        if not same:
            if latest.code_sha256 != _lambda_digest(package):
                self._app.report.doing(f"uploading {package.path.name}")
                upload(self._app, package)
            new = self._new_record(package)
            version = self._function.publish(_lambda_digest(package), new.described)
            record = self._record_of(version)
        record = self._begun(version, package, record, options)
        return self._serve(record, before, deployment, options)

    def doubt(self) -> None:
        """Record that the live release has to be checked again: what is around it changes."""
        routing = self._function.routing()
        record = self._record_of(routing.version) if routing else None
        if record is not None and record.outcome == PROVEN:
            self._write(record, "unproven", outcome=UNPROVEN, detail="the infrastructure changes")

    def _begun(
        self,
        version: str,
        package: Package,
        known: ReleaseRecord | None,
        options: ReleaseOptions,
    ) -> ReleaseRecord:
        """Record that a release is not proven, before it is checked."""
        record = known or replace(self._new_record(package), release=int(version))
        key = record.check_key
        if key and options.checks != NO_CHECKS:
            # Where that fails, the check with the same key does too, and says why.
            with suppress(TtOpsError):
                VersionChecks(self._function, version).clean_up(key)
                key = None
        if options.checks == FULL:
            key = key or str(uuid.uuid4())
        what = "published" if known is None else "checked again"
        return self._write(record, what, outcome=UNPROVEN, check_key=key)

    def _serve(
        self,
        record: ReleaseRecord,
        before: Routing,
        deployment: Deployment,
        options: ReleaseOptions,
    ) -> ReleaseResult:
        version = str(record.release)
        if options.checks != NO_CHECKS:
            self._app.report.doing(f"checking release {version} before it serves")
            record = self._checked(record, options)
        if before.version != version or before.canary is not None:
            self._lock.require_held()
            self._function.shift(version, instead_of=before)
            self._app.report.done(f"release {version} is live")
            self._replaced(before.version, version)
        outcome, checks = UNPROVEN, "skipped"
        if options.checks != NO_CHECKS:
            checks = self._check_api(record, before, deployment, options.timeout)
            outcome = PROVEN
        self._write(record, "live" if outcome == UNPROVEN else outcome, outcome=outcome)
        return ReleaseResult(version, before.version, outcome, checks, before.version != version)

    def _checked(self, record: ReleaseRecord, options: ReleaseOptions) -> ReleaseRecord:
        checks = VersionChecks(self._function, str(record.release))
        try:
            checks.read()
            if options.checks == FULL and record.check_key:
                checks.write(record.check_key)
        except TtOpsError as error:
            self._write(record, "failed", outcome=FAILED, detail=error.message)
            raise
        return replace(record, check_key=None)

    def _check_api(
        self, record: ReleaseRecord, before: Routing, deployment: Deployment, timeout: float
    ) -> str:
        """Check the API as clients see it; the release before serves again where it fails."""
        self._app.report.doing("checking that the API works")
        try:
            api = self._app.tasks(deployment)
            complete = smoke_check(api, api_auth=deployment.api_auth, timeout=timeout)
        except ConfigurationError:  # such as an invalid token: the version may be fine
            raise
        except TtOpsError as error:
            self._write(record, "failed", outcome=FAILED, detail=error.message)
            raise self._back(str(record.release), before.version, error) from error
        table = "reaches its table" if complete else "requires a token; the table was not checked"
        self._app.report.done(f"the API answers, and {table}")
        return "passed" if complete else "partly passed"

    def _back(self, version: str, before: str, cause: TtOpsError) -> TtOpsError:
        """Let the release before serve again, and return the error to raise."""
        hint = "see what the function logged, fix it and deploy again: tt-ops logs --errors"
        if before in (UNRELEASED, version):
            return TtOpsError(
                "smoke-check-failed",
                f"release {version} is live, but the API does not work: {cause.message}",
                hint=hint,
            )
        try:
            self._function.shift(before, instead_of=self._routing())
        except TtOpsError as error:
            return TtOpsError(
                "rollback-failed",
                f"release {version} does not work ({cause.message}), and the alias could not be "
                f"moved back to release {before}: {error.message}",
                hint=hint,
            )
        return TtOpsError(
            "smoke-check-failed",
            f"release {version} does not work, so release {before} serves again: {cause.message}",
            hint=f"{hint} --release {version}",
        )

    def _replaced(self, version: str, by: str) -> None:
        """Record that a release does not serve any more."""
        if (record := self._record_of(version)) is not None:
            self._write(record, "replaced", detail=f"by release {by}")

    def _new_record(self, package: Package) -> ReleaseRecord:
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
            at=_now(),
            tt_ops=__version__,
        )

    def _write(
        self, record: ReleaseRecord, what: str, *, detail: str = "", **changes: str | None
    ) -> ReleaseRecord:
        event = ReleaseEvent(_now(), what, self._lock.lock.who, detail)
        record = record.after(event, **changes)
        self._records.write(record)
        return record

    def _record_of(self, version: str) -> ReleaseRecord | None:
        return None if version == UNRELEASED else self._records.read(int(version))

    def _routing(self) -> Routing:
        routing = self._function.routing()
        if routing is None:
            raise TtOpsError(
                "alias-missing",
                f"the function {self._function.name!r} has no alias {ALIAS!r}, so nothing serves",
                hint="create it again: tt-ops deploy",
            )
        return routing


def _lambda_digest(package: Package) -> str:
    """Return the digest of a package as Lambda writes it: base64."""
    return base64.b64encode(bytes.fromhex(package.sha256)).decode()


def _now() -> str:
    return timestamp(datetime.now(UTC))
