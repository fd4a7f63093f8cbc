"""Let a release serve: check it by its number, move the alias, check the API, or go back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tasktracker_ops.errors import ConfigurationError, TtOpsError
from tasktracker_ops.models.deployment import Deployment
from tasktracker_ops.models.release import (
    BAKING,
    FAILED,
    FULL,
    LIVE,
    NO_CHECKS,
    PROVEN,
    ROLLED_BACK,
    UNRELEASED,
    ReleaseOptions,
    ReleaseRecord,
    ReleaseResult,
    Routing,
)

from .canary import Canary
from .releases import newest_proven
from .smoke import smoke_check
from .version_checks import VersionChecks

if TYPE_CHECKING:
    from .release import Releases


class Serving:
    """One release that is to take all requests, instead of the one before."""

    def __init__(
        self,
        releases: Releases,
        record: ReleaseRecord,
        before: Routing,
        deployment: Deployment,
        options: ReleaseOptions,
    ) -> None:
        """`record` is that of the release, `before` the alias as it was found."""
        self._releases = releases
        self._app = releases.app
        self._function = releases.function
        self._record = record
        self._version = str(record.release)
        self._before = before
        self._deployment = deployment
        self._options = options

    def serve(self, reason: str = "") -> ReleaseResult:
        """Check the release, unless it is proven, let it serve, and check it through the API.

        `reason` is recorded beside what the release replaces. Raises the errors of
        `Releases.release`.
        """
        options, before, version = self._options, self._before, self._version
        routing = before
        if options.checks != NO_CHECKS and self._record.outcome != PROVEN:
            self._app.report.doing(f"checking release {version} before it serves")
            with ThreadPoolExecutor() as pool:
                # To import what the API's check needs takes as long as the version to start.
                pool.submit(self._app.tasks, self._deployment)
                self._check_version(pool)
        self._releases.note_without_canary(version, before, options)
        if before.version != version:
            self._releases.lock.require_held()
            if options.canary is None or before.version == UNRELEASED:
                routing = self._function.shift(version, instead_of=before)
            else:
                self._record = Canary(
                    self._app, self._releases.lock, self._deployment, self._record, before
                ).bake(options.canary)
                if self._record.outcome == BAKING:
                    return ReleaseResult(
                        version, before.version, BAKING, "pending", True, self._record.bake
                    )
                routing = self._releases.routing()
        return self.check_live(routing, reason)

    def check_live(self, routing: Routing, reason: str = "") -> ReleaseResult:
        """Check the API with the release, which takes all requests, and record the outcome.

        `routing` is the alias as it is now.
        """
        before, version = self._before.version, self._version
        if before != version:
            self._app.report.done(f"release {version} is live")
            instead = "" if before == UNRELEASED else f"instead of {before}"
            self._write(LIVE, reason or instead)
        elif not self._record.has(LIVE):  # the run that let it serve was killed
            self._write(LIVE)
        checks = "skipped"
        if self._options.checks != NO_CHECKS:
            checks = self._check_api(routing)
            self._write(PROVEN, outcome=PROVEN)
        return ReleaseResult(version, before, self._record.outcome, checks, before != version)

    def _write(self, what: str, detail: str = "", **changes: Any) -> None:
        self._record = self._releases.write(self._record, what, detail=detail, **changes)

    def _check_version(self, pool: ThreadPoolExecutor) -> None:
        """Check the release by its number, and delete what the checks of others left behind."""
        checks, key = VersionChecks(self._function, self._version), self._record.check_key
        is_first = self._before.version == UNRELEASED
        first = 1 if is_first else int(self._before.version)
        others = pool.submit(self._releases.records.read_all, range(first, self._record.release))
        try:
            checks.read()
            if self._options.checks == FULL and key:
                checks.write(key)
                self._record = replace(self._record, check_key=None)
        except TtOpsError as error:
            if error.code == "version-broken":  # it says nothing of the version otherwise
                self._write("failed", error.message, outcome=FAILED)
                if not is_first:
                    self._clean_up(self._record, by=self._before.version)
            raise
        # What the checks of releases left that could not delete it, or were killed.
        for other in others.result().values():
            self._clean_up(other, by=self._version)

    def _clean_up(self, record: ReleaseRecord, *, by: str) -> None:
        """Delete by the version `by` the task that the checks of a release left, if they did."""
        if record.check_key is not None:
            with suppress(TtOpsError):
                VersionChecks(self._function, by).clean_up(record.check_key)
                self._releases.records.write(replace(record, check_key=None))

    def _check_api(self, routing: Routing) -> str:
        """Check the API as clients see it; the release before serves again where it fails."""
        self._app.report.doing("checking that the API works")
        try:
            complete = smoke_check(
                self._app.tasks(self._deployment),
                api_auth=self._deployment.api_auth,
                timeout=self._options.timeout,
            )
        except ConfigurationError:  # such as an invalid token: the version may be fine
            raise
        except TtOpsError as error:
            self._write("failed", error.message, outcome=FAILED)
            raise self._back(routing, error) from error
        table = "reaches its table" if complete else "requires a token; the table was not checked"
        self._app.report.done(f"the API answers, and {table}")
        return "passed" if complete else "partly passed"

    def _back(self, routing: Routing, cause: TtOpsError) -> TtOpsError:
        """Let the release before serve again, and return the error to raise."""
        version = self._version
        hint = "see what the function logged, fix it and deploy again: tt-ops logs --errors"
        try:
            target = self._release_before()
            if target is None:
                return TtOpsError(
                    "smoke-check-failed",
                    f"release {version} is live, but the API does not work: {cause.message}",
                    hint=hint,
                )
            self._function.shift(target, instead_of=routing)
            self._write(ROLLED_BACK, f"to {target}")
            if (known := self._releases.record_of(target)) is not None:
                self._releases.write(known, LIVE, detail=f"back from {version}")
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

    def _release_before(self) -> str | None:
        """Return the release to go back to, None where there is none or it would not help."""
        before = self._before
        if before.version not in (UNRELEASED, self._version):
            return before.version
        # One that has worked fails for what is around it. One that never did was let serve by a
        # run that ended before it could go back.
        if before.version == UNRELEASED or self._record.has(PROVEN):
            return None
        target = newest_proven(self._function.versions(), self._releases.records, before)
        return None if target is None else str(target.release)
