"""Let a new release take a share of the requests, watch it, and go back at the first breach.

The alias alone says who takes requests, so each step is one guarded change of it; what it was for
is recorded afterwards.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tasktracker_ops.errors import ConfigurationError, TtOpsError
from tasktracker_ops.models.canary import BakeProgress, CanaryOptions
from tasktracker_ops.models.deployment import Deployment
from tasktracker_ops.models.release import (
    BAKING,
    FAILED,
    UNPROVEN,
    Bake,
    ReleaseRecord,
    Routing,
)
from tasktracker_ops.models.times import timestamp

if TYPE_CHECKING:
    from tasktracker_ops.app import App

    from .canary_metrics import BakeMonitor
    from .deploy_lock import HeldLock

# A breach that CloudWatch shows is read within one poll.
_POLL_SECONDS = 5.0
# A bake ends that cannot be watched for so long.
_BLIND_SECONDS = 30.0
# Who moves the alias records it right after.
_RECORD_SECONDS = 3.0
_RECORD_POLL_SECONDS = 0.2

PROMOTED, ABORTED = "promoted", "aborted"


class Canary:
    """One release beside the one before, in the run that holds the deploy lock."""

    def __init__(
        self,
        app: App,
        lock: HeldLock,
        deployment: Deployment,
        record: ReleaseRecord,
        before: Routing,
        *,
        poll_seconds: float = _POLL_SECONDS,
    ) -> None:
        """`record` is that of the new release, `before` where requests go now."""
        self._app = app
        self._lock = lock
        self._deployment = deployment
        self._new = record
        self._release = str(record.release)
        self._before = before
        self._poll_seconds = poll_seconds
        self._function = app.functions

    def bake(self, options: CanaryOptions) -> ReleaseRecord:
        """Return the record when the release takes all requests, or is baking unwatched.

        Whatever else happens, the release before takes all requests again. Raises TtOpsError
        `canary-failed` at a breach, `release-aborted` where somebody has aborted it.
        """
        from .canary_metrics import BakeMonitor

        new, old = self._release, self._before.version
        try:
            if options.watched:
                monitor = BakeMonitor(self._app, self._deployment, new=new, old=old)
                routing = self._start(options)
                self._app.report.doing(f"watching release {new} beside release {old}")
                if self._watch(monitor, routing, options):
                    self._promote(monitor, routing)
            else:
                self._start(options)
            return self._app.release_records.read(self._new.release) or self._new
        except _Breach as breach:
            self._go_back(breach.reason, FAILED)
            raise TtOpsError(
                "canary-failed",
                f"release {new} {breach.reason}, so release {old} takes all requests again",
                hint="see what it logged, fix it and deploy again: "
                f"tt-ops logs --errors --release {new}",
            ) from None
        except BaseException as error:
            reason = error.message if isinstance(error, TtOpsError) else "the run was interrupted"
            self._go_back(reason, UNPROVEN)
            raise

    def _start(self, options: CanaryOptions) -> Routing:
        routing = self._function.split(self._release, options.weight, instead_of=self._before)
        until = timestamp(datetime.now(UTC) + timedelta(seconds=options.seconds))
        run = self._lock.lock.id if options.watched else None
        share = f"{options.weight:.0%} of the requests"
        self._record(BAKING, share, outcome=BAKING, bake=Bake(options.weight, until, run))
        self._app.report.done(f"release {self._release} takes {share}")
        return routing

    def _watch(self, monitor: BakeMonitor, routing: Routing, options: CanaryOptions) -> bool:
        """Return True when the bake is over, False when somebody has promoted the release."""
        end = time.monotonic() + options.seconds
        seen, last_error = time.monotonic(), ""
        while True:
            try:
                now = self._function.routing()
                monitor.read()
            except ConfigurationError:
                raise
            except TtOpsError as error:
                if time.monotonic() - seen > _BLIND_SECONDS:
                    raise
                # Once, however long it lasts.
                if error.message != last_error:
                    self._app.report.note(f"retrying: {error.message}")
                last_error = error.message
            else:
                seen, last_error = time.monotonic(), ""
                if now != routing:
                    self._require_promoted(now)
                    return False
                if monitor.breach is not None:
                    raise _Breach(monitor.breach)
                remaining = max(0.0, end - seen)
                new, old = monitor.metrics
                self._app.report.baking(BakeProgress(new, old, options.weight, remaining))
                if not remaining:
                    return True
            time.sleep(min(self._poll_seconds, max(0.0, end - time.monotonic()) or 1.0))

    def _promote(self, monitor: BakeMonitor, routing: Routing) -> None:
        new, _ = monitor.metrics
        if not new.requests:
            self._app.report.note(
                f"Release {self._release} received no requests during its bake; only its checks "
                "have tested it."
            )
        self._lock.require_held()
        self._function.shift(self._release, instead_of=routing)
        self._record(PROMOTED, "the bake is over", outcome=UNPROVEN)

    def _require_promoted(self, now: Routing | None) -> None:
        """Report who has promoted the release. Raises TtOpsError for any other change."""
        old, new = self._before.version, self._release
        if now is None or now.canary is not None or now.version not in (old, new):
            raise TtOpsError(
                "alias-changed",
                f"somebody else has changed where requests go while release {new} was baking",
                hint="see which release is live: tt-ops releases",
            )
        decision = PROMOTED if now.version == new else ABORTED
        who = self._decider(decision)
        if decision == PROMOTED:
            self._app.report.done(f"{who} has promoted release {new}")
            return
        raise TtOpsError(
            "release-aborted",
            f"{who} has aborted release {new}, so release {old} takes all requests again",
            hint=f"see what it logged, and deploy again: tt-ops logs --errors --release {new}",
        )

    def _decider(self, decision: str) -> str:
        """Return who has promoted or aborted the release; record it where nobody has."""
        deadline = time.monotonic() + _RECORD_SECONDS
        while time.monotonic() < deadline:
            record = self._app.release_records.read(self._new.release)
            if record is not None and record.outcome != BAKING:
                return record.events[-1].by
            time.sleep(_RECORD_POLL_SECONDS)
        outcome = UNPROVEN if decision == PROMOTED else FAILED
        self._record(decision, "the alias was changed", outcome=outcome)
        return "somebody"

    def _go_back(self, reason: str, outcome: str) -> None:
        """Let the release before take all requests; complete when interrupted, unless twice."""
        try:
            self._undo(reason, outcome)
        except KeyboardInterrupt:
            self._undo(reason, outcome)
            raise

    def _undo(self, reason: str, outcome: str) -> None:
        old = self._before.version
        try:
            routing = self._function.routing()
            # Somebody else may have decided, or nothing has begun.
            if routing is None or (routing.version, routing.canary) != (old, self._release):
                return
            self._function.shift(old, instead_of=routing)
        except TtOpsError as error:
            raise TtOpsError(
                "rollback-failed",
                f"the bake of release {self._release} has ended ({reason}), and the alias could "
                f"not be moved back to release {old}: {error.message}",
                hint="let the release before take all requests: tt-ops abort",
            ) from error
        self._app.report.note(f"Release {old} takes all requests again.")
        what = "failed" if outcome == FAILED else "interrupted"
        self._record(what, reason, outcome=outcome)

    def _record(self, what: str, detail: str, *, outcome: str, bake: Bake | None = None) -> None:
        # What the checks have deleted is known here only.
        key, who = self._new.check_key, self._lock.lock.who

        def change(record: ReleaseRecord) -> ReleaseRecord:
            return record.after(what, who, detail, outcome=outcome, bake=bake, check_key=key)

        self._app.release_records.update(self._new.release, change)


class _Breach(Exception):
    """What the new release did worse."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def end_interrupted_bake(app: App, lock: HeldLock) -> Routing | None:
    """End a bake whose run is dead, and return where requests go; None without a function.

    As this run holds the deploy lock, no other watches. Raises TtOpsError `release-baking` for a
    bake that goes on until somebody decides.
    """
    routing = app.functions.routing()
    if routing is None or routing.canary is None:
        return routing
    canary = routing.canary
    record = app.release_records.read(int(canary))
    if record is not None and record.bake is not None and record.bake.run is None:
        raise TtOpsError(
            "release-baking",
            f"release {canary} takes {routing.weight:.0%} of the requests until you decide",
            hint="let it take all of them with 'promote', or go back: tt-ops abort",
        )
    routing = app.functions.shift(routing.version, instead_of=routing)
    app.release_records.update(
        int(canary),
        lambda record: record.after(
            "interrupted",
            lock.lock.who,
            "the run that watched it has ended",
            outcome=UNPROVEN,
            bake=None,
        ),
    )
    app.report.note(
        f"The run that watched release {canary} has ended; release {routing.version} takes all "
        "requests again."
    )
    return routing
