"""The deploy lock by hand: lock with a reason, unlock, and its status."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.lock import (
    DeployLockStatus,
    LockResult,
    StoredLock,
    TerraformLock,
    UnlockResult,
)

from .bootstrap import require_backend
from .dead_runs import is_dead, was_left_by
from .deploy_lock import HeldLock, new_lock

if TYPE_CHECKING:
    from tasktracker_ops.app import App

_ATTEMPTS = 5


def lock(app: App, reason: str, *, timeout: float = 0) -> LockResult:
    """Lock deploys until `unlock`; wait for the one that is running for up to `timeout` seconds.

    Raises TtOpsError `deploy-locked` where the lock is held.
    """
    app.session.require_credentials()
    require_backend(app)
    held = HeldLock(app, new_lock(app, "lock", reason=reason))
    try:
        held.take(timeout)
    except BaseException:
        held.release()  # it would last for ever, and nobody knows of it
        raise
    taken = held.lock
    return LockResult(taken.id, taken.who, taken.since, reason)


def unlock(
    app: App, lock_id: str | None, *, force: bool, approve: Callable[[str], None]
) -> UnlockResult:
    """Release a lock, and the locks that its Terraform left.

    `lock_id` may be None where there is one. `approve` gets a question and raises to stop. Raises
    TtOpsError `lock-alive` for a run that has a heartbeat, unless `force`; `lock-ambiguous`,
    `lock-not-found` or `lock-mismatch` where the id does not say which.
    """
    app.session.require_credentials()
    require_backend(app)
    held = _HeldLocks(app)
    ours, terraform = held.chosen(lock_id)
    if ours is None and not terraform:
        return UnlockResult(())
    if not force:
        held.require_dead(terraform)
    words = [ours.lock.sentence] if ours else [each.sentence for each in terraform]
    for each in words:
        app.report.note(each)
    approve("Release the lock?")
    # While the deploy lock is held, nobody else begins.
    app.terraform_locks.remove(lambda each: each in terraform)
    if ours is not None:
        _release(app, ours, force=force)
    ids = [ours.lock.id] if ours else [each.id or "unknown" for each in terraform]
    return UnlockResult(tuple(dict.fromkeys(ids)), holder=_HeldLocks(app).described())


def deploy_lock_status(app: App) -> DeployLockStatus:
    """Return the deploy lock; unknown where it cannot be read."""
    try:
        stored = app.deploy_locks.queue().holder
    except TtOpsError:
        return DeployLockStatus(held=None)
    if stored is None:
        return DeployLockStatus(held=False)
    held = stored.lock
    return DeployLockStatus(
        held=True,
        id=held.id,
        who=held.who,
        command=held.command,
        since=held.since,
        commit=held.commit,
        run_url=held.run_url,
        reason=held.reason,
        dead=is_dead(stored),
        heartbeat_age=None if held.by_hand else stored.age,
    )


class _HeldLocks:
    """The deploy lock and Terraform's locks, as they are held now."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._deploy = app.deploy_locks.queue().holder
        self._terraform = app.terraform_locks.held()

    def described(self) -> str | None:
        """Return who holds a lock."""
        if self._deploy is not None:
            return self._deploy.lock.sentence
        return self._terraform[0].sentence if self._terraform else None

    def chosen(self, lock_id: str | None) -> tuple[StoredLock | None, tuple[TerraformLock, ...]]:
        """Return the locks that an id names; a deploy lock with those that its Terraform left."""
        deploy, left = self._deploy, tuple(filter(self._is_left, self._terraform))
        if deploy is not None and lock_id == deploy.lock.id:
            return deploy, left
        if lock_id is not None:
            return None, self._named(lock_id)
        others = tuple(each for each in self._terraform if each not in left)
        ids = dict.fromkeys([*([deploy.lock.id] if deploy else ()), *(each.id for each in others)])
        if len(ids) > 1:
            raise TtOpsError(
                "lock-ambiguous",
                f"more than one lock is held: {', '.join(map(repr, ids))}",
                hint=f"name the one to release: tt-ops unlock {next(iter(ids))}",
            )
        return deploy, left if deploy else others

    def require_dead(self, terraform: tuple[TerraformLock, ...]) -> None:
        """Raise TtOpsError `lock-alive` if these are the locks of a run that has a heartbeat."""
        deploy = self._deploy
        if deploy is None or is_dead(deploy) or deploy.lock.by_hand:
            return
        if terraform and not any(map(self._is_left, terraform)):
            return
        raise TtOpsError(
            "lock-alive",
            f"{deploy.lock.sentence}, and had a heartbeat {deploy.age:.0f} s ago",
            hint="wait until it ends, or release its lock all the same: "
            f"tt-ops unlock {deploy.lock.id} --force",
        )

    def _is_left(self, terraform: TerraformLock) -> bool:
        if self._deploy is None:
            return False
        lock = self._deploy.lock
        return any(was_left_by(self._app, terraform, run) for run in (*lock.dead_runs, lock.run))

    def _named(self, lock_id: str) -> tuple[TerraformLock, ...]:
        named = tuple(each for each in self._terraform if each.id == lock_id)
        if named:
            return named
        if (holder := self.described()) is None:
            raise TtOpsError(
                "lock-not-found",
                f"there is no lock {lock_id!r}: nothing is locked",
                hint="there is nothing to unlock; see what would change: tt-ops plan",
            )
        raise TtOpsError(
            "lock-mismatch",
            f"there is no lock {lock_id!r}; but {holder}",
            hint="see what is locked: tt-ops status",
        )


def _release(app: App, stored: StoredLock, *, force: bool) -> None:
    for _ in range(_ATTEMPTS):
        if app.deploy_locks.release(stored.etag):
            return
        holder = app.deploy_locks.queue().holder
        if holder is None or holder.lock.id != stored.lock.id:
            return
        if not force:
            break
        stored = holder  # it had a heartbeat in between
    raise TtOpsError(
        "lock-not-released",
        f"the deploy lock {stored.lock.id!r} has a heartbeat again",
        hint=f"release it all the same: tt-ops unlock {stored.lock.id} --force",
    )
