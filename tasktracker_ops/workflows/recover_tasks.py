"""`tasks recover`: compare the table with what it was, and bring back what was lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tasktracker_ops.errors import SAME_COMMAND, ConfigurationError, ExitCode, TtOpsError
from tasktracker_ops.models.task_recovery import CleanupResult, RecoverResult, Selection
from tasktracker_ops.models.times import timestamp

from .deploy_lock import deploy_lock
from .recover_tasks_comparison import Comparison
from .recover_tasks_writing import write_back

if TYPE_CHECKING:
    from tasktracker_ops.adapters.aws.table_recovery import TableRecovery
    from tasktracker_ops.app import App

# Gets the comparison, and returns what to bring back; raises to stop.
Choose = Callable[[RecoverResult], Selection]

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0  # seconds between two reads of the restored table's status
_COMMAND = "tasks recover"
_CLEANUP_HINT = "remove it when it is ready: tt-ops tasks recover --cleanup"


def recover(
    app: App, to: float | datetime, *, choose: Choose, lock_timeout: float = 0
) -> RecoverResult:
    """Bring back what `choose` returns of the tasks that are missing or changed since `to`.

    `to` is in seconds ago, or a time with a zone. Holds the deploy lock, so that no other run uses
    the restored table, and none replaces the table. That one is removed in any case. Raises
    TtOpsError `recovery-off` and `recovery-window` where the table cannot be restored.
    """
    at = to if isinstance(to, datetime) else datetime.now(UTC) - timedelta(seconds=to)
    at = at.replace(microsecond=0)
    recovery = _table_recovery(app)
    _require_restorable(recovery, at)
    with deploy_lock(app, _COMMAND, timeout=lock_timeout):
        _remove_leftover(app, recovery)
        with _restored(app, recovery, at):
            items, earlier = app.table_items(recovery.table), app.table_items(recovery.restored)
            comparison = Comparison(app.report, earlier, items)
            result = comparison.result(recovery.table, timestamp(at))
            chosen = comparison.chosen(choose(result), result)
            return write_back(app.report, result, chosen, earlier, items)


def cleanup(app: App, *, lock_timeout: float = 0) -> CleanupResult:
    """Remove the table that an interrupted recovery has left."""
    recovery = _table_recovery(app)
    with deploy_lock(app, _COMMAND, timeout=lock_timeout):
        return CleanupResult(recovery.restored, _remove_leftover(app, recovery))


def _table_recovery(app: App) -> TableRecovery:
    if app.settings.api_url:
        raise ConfigurationError(
            "recovery-needs-aws",
            f"the API at {app.settings.api_url!r} is used without AWS, which restores tables "
            f"(from {app.settings.origins['api_url']})",
            hint="leave it out, to use the account of the deployment: unset TT_OPS_API_URL",
        )
    app.ensure_ready()
    return app.table_recovery(app.deployments.get())


def _require_restorable(recovery: TableRecovery, at: datetime) -> None:
    window = recovery.window()
    if window is None:
        raise TtOpsError(
            "recovery-off",
            f"the point-in-time recovery of the table {recovery.table!r} is off, so nothing of "
            "the past can be restored",
            hint="turn it on, for what is lost from now on: tt-ops drift --fix",
        )
    if not window.earliest <= at <= window.latest:
        raise TtOpsError(
            "recovery-window",
            f"the table {recovery.table!r} can be restored to times from "
            f"{timestamp(window.earliest)} to {timestamp(window.latest)}, not to {timestamp(at)}",
            hint="choose a time between them: tt-ops tasks recover "
            f"--to {timestamp(window.earliest if at < window.earliest else window.latest)}",
            exit_code=ExitCode.USAGE,
        )


@contextmanager
def _restored(app: App, recovery: TableRecovery, at: datetime) -> Iterator[None]:
    """Restore the table as of a time, and remove the restored one after the block."""
    begun = time.monotonic()
    try:
        app.report.doing(f"restoring {recovery.table!r} into {recovery.restored!r}")
        recovery.restore(at)
        for status in _states(app, recovery, f"restoring {recovery.table!r}"):
            if status == "ACTIVE":
                break
        else:
            raise TtOpsError(
                "recovery-failed",
                f"the table {recovery.restored!r} disappeared while it was being restored",
                hint=f"try again: {SAME_COMMAND}",
            )
        seconds = time.monotonic() - begun
        app.report.done(f"Restored {recovery.table!r} as of {timestamp(at)} in {seconds:.0f} s")
        yield
    finally:
        _remove(app, recovery)


def _states(app: App, recovery: TableRecovery, what: str) -> Iterator[str]:
    """Yield the status of the restored table, again and again as long as it exists."""
    begun, reported, pause = time.monotonic(), 0, _FIRST_PAUSE
    while (status := recovery.status()) is not None:
        yield status
        minutes = int(time.monotonic() - begun) // 60
        if minutes > reported:
            reported = minutes
            app.report.doing(f"{what} for {minutes} min; AWS takes minutes, for large tables hours")
        time.sleep(pause)
        pause = min(pause * 1.3, _LONGEST_PAUSE)


def _remove(app: App, recovery: TableRecovery) -> None:
    """Remove the restored table; one that is still being made has to be waited for.

    A failure is noted and hides no other error. Raises TtOpsError `interrupted` at a second Ctrl-C.
    """
    try:
        if recovery.status() == "CREATING":
            app.report.note(
                f"Waiting until {recovery.restored!r} is ready: before, it cannot be removed. "
                "Ctrl-C leaves it to: tt-ops tasks recover --cleanup"
            )
        _delete(app, recovery)
    except KeyboardInterrupt:
        raise TtOpsError(
            "interrupted",
            f"interrupted; the table {recovery.restored!r} is left, and costs storage",
            hint=_CLEANUP_HINT,
            exit_code=ExitCode.INTERRUPTED,
        ) from None
    except TtOpsError as error:
        app.report.note(
            f"{recovery.restored!r} could not be removed: {error.message}. "
            "Remove it with: tt-ops tasks recover --cleanup"
        )


def _delete(app: App, recovery: TableRecovery) -> None:
    for status in _states(app, recovery, f"removing {recovery.restored!r}"):
        if status == "DELETING" or (status != "CREATING" and recovery.delete()):
            return


def _remove_leftover(app: App, recovery: TableRecovery) -> bool:
    """Remove the restored table of a run that was killed: all others hold the lock."""
    if recovery.status() is None:
        return False
    app.report.note(f"An interrupted recovery has left {recovery.restored!r}; it is removed first.")
    _delete(app, recovery)
    for _ in _states(app, recovery, f"removing {recovery.restored!r}"):
        pass  # until it is gone: its name is needed
    return True
