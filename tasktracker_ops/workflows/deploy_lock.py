"""One deploy at a time: take the deploy lock, hold it with a heartbeat, release it."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tasktracker_ops.adapters.aws.state_backend import GITHUB_STATE_KEY
from tasktracker_ops.errors import SAME_COMMAND, ConfigurationError, TtOpsError
from tasktracker_ops.models.lock import DeadRun, DeployLock, LockQueue, TerraformLock

from .dead_runs import dead_runs, takeover_note, was_left_by
from .deploy_queue import HEARTBEAT_SECONDS, Turn, is_waiting

if TYPE_CHECKING:
    from tasktracker_ops.app import App

_POLL_SECONDS = 1.0
# Before the lock is read again that somebody else was faster to take.
_LOST_RACE_SECONDS = 0.2
# After these a lock of Terraform may be left, though this run goes on.
# The last one is of this run's own lock if the answer to its creation was lost.
_LEFT_LOCKED = {"terraform-killed", "lock-not-released", "interrupted", "state-locked"}


@contextmanager
def deploy_lock(app: App, command: str, *, timeout: float = 0) -> Iterator[HeldLock]:
    """Hold the deploy lock within the block; `command` is the command of tt-ops that needs it.

    Waits its turn for up to `timeout` seconds, and takes over from a run that is dead. Raises
    TtOpsError `deploy-locked` where another run holds it or a person locked it by hand.
    """
    held = HeldLock(app, new_lock(app, command))
    try:
        held.take(timeout)
        yield held
    except TtOpsError as error:
        if error.code in _LEFT_LOCKED:
            held.remove_own_terraform_locks()
        raise
    finally:
        held.release()


def new_lock(app: App, command: str, *, reason: str | None = None) -> DeployLock:
    """Return a lock for this process, or with a `reason` for the person who runs it."""
    from tasktracker_ops.adapters.host.git import head_commit
    from tasktracker_ops.adapters.host.processes import this_process, user_at_host

    who = user_at_host()
    return DeployLock(
        id=str(uuid.uuid4()),
        who=who,
        host=who.rpartition("@")[2],
        command=command,
        since="",
        clock=datetime.now(UTC).isoformat(),
        process=this_process() if reason is None else None,
        commit=head_commit(project) if (project := app.settings.project_dir) else None,
        run_url=run_url(app),
        reason=reason,
    )


class HeldLock:
    """The deploy lock as this run holds it, with a thread for its heartbeat."""

    def __init__(self, app: App, lock: DeployLock) -> None:
        self._app = app
        self.lock = lock
        self._etag: str | None = None
        self._tried = self._lost = False
        self._writing = threading.Lock()
        self._stop = threading.Event()
        self._heartbeat = threading.Thread(target=self._run_heartbeat, daemon=True)

    def take(self, timeout: float) -> None:
        """Take the lock once it is this run's turn. Raises TtOpsError `deploy-locked`."""
        deadline = time.monotonic() + timeout
        turn = Turn(self._app, self.lock)
        try:
            while True:
                queue = self._app.deploy_locks.queue()
                blocker = turn.blocker(queue)
                if blocker is None:
                    if self._try(queue):
                        break
                    time.sleep(_LOST_RACE_SECONDS)
                    continue
                if time.monotonic() >= deadline:
                    raise _locked(blocker)
                turn.wait(queue, blocker)
                time.sleep(min(_POLL_SECONDS, max(0.0, deadline - time.monotonic())))
        finally:
            turn.leave()
        if not self.lock.by_hand:
            self._heartbeat.start()

    def _try(self, queue: LockQueue) -> bool:
        clock = datetime.now(UTC).isoformat()
        lock, locks = replace(self.lock, since=queue.now, clock=clock), self._app.deploy_locks
        self._tried = True
        if queue.holder is None:
            self._etag = locks.take(lock)
        else:
            lock = replace(lock, dead_runs=dead_runs(queue.holder, queue.now))
            self._etag = locks.replace(lock, queue.holder.etag)
            if self._etag is not None:
                self._app.report.note(takeover_note(queue.holder))
        if self._etag is not None:
            self.lock = lock
        return self._etag is not None

    def require_held(self) -> None:
        """Raise TtOpsError `deploy-lock-lost` if somebody has taken the lock away."""
        self._write_heartbeat()
        if self._lost:
            raise TtOpsError(
                "deploy-lock-lost",
                f"the deploy lock of this run ({self.lock.id}) was released or taken over by "
                "somebody else; nothing was applied",
                hint="see who deploys: tt-ops status",
            )

    def require_nobody_waits(self) -> None:
        """Raise TtOpsError `deploy-waiting` if another run would take the lock next."""
        locks = self._app.deploy_locks
        for ticket in locks.queue().tickets:
            owner = locks.ticket(ticket.key)
            if owner is not None and is_waiting(ticket, owner):
                raise TtOpsError(
                    "deploy-waiting",
                    f"another run waits for the deploy lock, which would be deleted: {owner.who} "
                    f"for {owner.command!r} since {owner.since_when}",
                    hint=f"wait until it has ended, or stop it, then run again: {SAME_COMMAND}",
                )

    def remove_terraform_locks(self) -> None:
        """Remove the locks of Terraform that dead runs left, once their Terraform has ended."""
        if dead := self.lock.dead_runs:
            self._remove_terraform_locks(dead)
            with self._writing:
                self.lock = replace(self.lock, dead_runs=())

    def remove_own_terraform_locks(self) -> None:
        """Remove the locks of Terraform that this run's own Terraform left, where it can."""
        if self._etag is not None:
            with suppress(TtOpsError):
                self._remove_terraform_locks((self.lock.run,))

    def _remove_terraform_locks(self, runs: tuple[DeadRun, ...]) -> None:
        def left(lock: TerraformLock) -> bool:
            return any(was_left_by(self._app, lock, run) for run in runs)

        removed = list(self._app.terraform_locks.remove(left))
        try:
            removed += self._app.locks_of(GITHUB_STATE_KEY).remove(left)
        except ConfigurationError as error:
            # Who only deploys may not read the lock of the roles for GitHub.
            if error.code != "aws-access-denied":
                raise
        for lock in removed:
            self._app.report.note(f"Removed the lock that Terraform left: {lock.id}")

    def stop_heartbeat(self) -> None:
        """Write the lock no more, such as before its bucket is deleted."""
        self._stop.set()
        if self._heartbeat.is_alive():
            self._heartbeat.join()

    def release(self) -> None:
        """Release the lock if this run holds it; report it where that fails.

        Completes when it is interrupted, unless that happens twice.
        """
        try:
            self._release()
        except KeyboardInterrupt:
            self._release()
            raise

    def _release(self) -> None:
        self.stop_heartbeat()
        if not self._tried or self._lost:
            return
        locks = self._app.deploy_locks
        try:
            if self._etag is not None and self._give_back(self._etag):
                return
            # An interrupted write may have succeeded.
            holder = locks.queue().holder
            if holder is not None and holder.lock.id == self.lock.id:
                self._give_back(holder.etag)
        except TtOpsError as error:
            self._app.report.note(
                f"The deploy lock could not be released ({error.message}); "
                "the next deploy takes it over"
            )

    def _give_back(self, etag: str) -> bool:
        if not self.lock.dead_runs:
            return self._app.deploy_locks.release(etag)
        # The locks of their Terraform may be left; who comes next knows of them by this one.
        abandoned = replace(self.lock, abandoned=True, reason=None)
        return self._app.deploy_locks.replace(abandoned, etag) is not None

    def _run_heartbeat(self) -> None:
        while not self._stop.wait(HEARTBEAT_SECONDS):
            # What cannot be reached now may be reached with the next one.
            with suppress(TtOpsError):
                self._write_heartbeat()

    def _write_heartbeat(self) -> None:
        with self._writing:
            if self._lost or self._etag is None:
                return
            lock = replace(self.lock, beat=self.lock.beat + 1)
            etag = self._app.deploy_locks.replace(lock, self._etag)
            if etag is None:
                self._lost = True
            else:
                self.lock, self._etag = lock, etag


def run_url(app: App) -> str | None:
    """Return the address of the run on GitHub that this is a part of, if it is."""
    server, repository, run = (
        app.settings.environ.get(f"GITHUB_{name}")
        for name in ("SERVER_URL", "REPOSITORY", "RUN_ID")
    )
    return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else None


def _locked(lock: DeployLock) -> TtOpsError:
    hint = f"wait for your turn: {SAME_COMMAND} --lock-timeout 600"
    if lock.by_hand:
        hint = f"when that is over, release it: tt-ops unlock {lock.id}"
    return TtOpsError("deploy-locked", lock.sentence, hint=hint)
