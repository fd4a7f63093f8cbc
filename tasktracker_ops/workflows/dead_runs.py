"""Which runs of tt-ops are dead, and which locks of Terraform they have left."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tasktracker_ops.models.lock import DeadRun, DeployLock, StoredLock, TerraformLock

if TYPE_CHECKING:
    from tasktracker_ops.app import App

_POLL_SECONDS = 1.0
# Longer than Terraform needs to end in order once its parent is gone.
_DEAD_SECONDS = 300.0
# That a dead run may have lived after its last heartbeat.
_LAST_SECONDS = 60.0


def is_dead(stored: StoredLock) -> bool:
    """Return whether the holder of a lock cannot release it any more.

    On this machine that is known: as long as its process exists it is alive, however slow.
    """
    from tasktracker_ops.adapters.host.processes import is_running

    if stored.lock.abandoned:
        return True
    if stored.lock.by_hand:
        return False
    running = is_running(stored.lock.process) if stored.lock.process else None
    return stored.age > _DEAD_SECONDS if running is None else not running


def was_left_by(app: App, lock: TerraformLock, run: DeadRun) -> bool:
    """Return whether a run has left this lock of Terraform; all times are its host's own.

    On this machine, it is not one that a Terraform may hold which is still running.
    """
    from tasktracker_ops.adapters.host.processes import user_at_host
    from tasktracker_ops.adapters.terraform.orphans import may_hold_lock

    try:
        created, started = map(datetime.fromisoformat, (lock.since or "", run.clock))
        if lock.who != run.who or created < started.replace(microsecond=0):
            return False
        if run.ended is not None and created > datetime.fromisoformat(run.ended):
            return False
    except (TypeError, ValueError):
        return False
    settings = app.settings
    is_elsewhere = lock.who != user_at_host()
    return is_elsewhere or not may_hold_lock(created, settings.state_bucket, settings.work_dir)


def dead_runs(stored: StoredLock, now: str) -> tuple[DeadRun, ...]:
    """Return the runs whose locks of Terraform may be left, where `now` is AWS's time."""
    lock = stored.lock
    if lock.abandoned:
        return lock.dead_runs
    try:
        clock, since = map(datetime.fromisoformat, (lock.clock, lock.since))
        last = datetime.fromisoformat(now) - timedelta(seconds=stored.age - _LAST_SECONDS)
        # By the clock of its host, which may differ from AWS's.
        ended = (last + (clock - since)).isoformat()
    except (TypeError, ValueError):
        return lock.dead_runs  # no lock of ours
    return *lock.dead_runs, replace(lock.run, ended=ended)


def takeover_note(stored: StoredLock) -> str:
    """Return whose lock was taken over, and why that run is dead."""
    running = f"its last heartbeat was {stored.age:.0f} s ago"
    lock = stored.lock
    if lock.abandoned:
        running = "it ended without removing the locks of a run that was killed"
    elif lock.process is not None and stored.age <= _DEAD_SECONDS:
        running = f"its process {lock.process.pid} is gone"
    held = f"{lock.command!r} since {lock.since_when}"
    return f"Took over the deploy lock of {lock.who} ({held}): {running}"


def await_dead_terraform_locks(app: App, timeout: float) -> None:
    """Remove the locks of Terraform that a dead run left, for a command that changes nothing.

    Such a command takes no deploy lock. For up to `timeout` seconds it waits until a run whose
    Terraform holds a lock has released it, or had no heartbeat for five minutes.
    """
    deadline = time.monotonic() + timeout
    while True:
        holder = app.deploy_locks.queue().holder
        if holder is None or holder.lock.by_hand:
            return

        def left(lock: TerraformLock, holder: DeployLock = holder.lock) -> bool:
            return any(was_left_by(app, lock, run) for run in (*holder.dead_runs, holder.run))

        if not any(map(left, app.terraform_locks.held())):
            return
        # Not sooner on this machine either: Terraform may still be ending in order.
        if holder.age > _DEAD_SECONDS and is_dead(holder):
            for lock in app.terraform_locks.remove(left):
                app.report.note(f"Removed the lock that Terraform left: {lock.id}")
            return
        if time.monotonic() >= deadline:
            return
        app.report.doing(f"waiting: {holder.lock.sentence}")
        time.sleep(_POLL_SECONDS)
