"""The deploy lock by hand: what `lock` and `unlock` do, and refuse."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tasktracker_ops.adapters.host.processes import this_process
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.lock import DeployLockStatus, TerraformLock, UnlockResult
from tasktracker_ops.workflows.lock import deploy_lock_status, lock, unlock
from tests.errors import raises

from .locking import BUCKET, App

GONE = replace(this_process(), started=1.0)


def now() -> str:
    """Return the time as Terraform writes it."""
    return datetime.now(UTC).isoformat()


def release(backend: Any, lock_id: str | None = None, *, force: bool = False) -> UnlockResult:
    """Unlock, and approve it."""
    return unlock(backend, lock_id, force=force, approve=lambda question: None)


def refused(backend: Any, lock_id: str | None = None) -> TtOpsError:
    """Return the error of an unlock that asks nothing."""
    with pytest.raises(TtOpsError) as caught:
        unlock(backend, lock_id, force=False, approve=pytest.fail)
    return caught.value


def test_a_lock_by_hand_stays_until_it_is_released(backend: Any) -> None:
    """It needs no id and no force, and is shown before the question."""
    locked = lock(backend, "freeze until Monday")
    assert backend.holder.by_hand
    status = deploy_lock_status(backend)
    assert (status.held, status.reason, status.dead) == (True, "freeze until Monday", False)
    assert status.heartbeat_age is None
    assert release(backend) == UnlockResult((locked.id,))
    assert backend.notes[-1].endswith("'freeze until Monday'")
    assert deploy_lock_status(backend) == DeployLockStatus(held=False)


def test_a_second_lock_by_hand_is_refused(backend: Any) -> None:
    """The error names the first one."""
    lock(backend, "freeze")
    with raises("deploy-locked", match="'freeze'"):
        lock(backend, "another")


def test_what_is_not_approved_stays_locked(backend: Any) -> None:
    """The answer was no."""
    lock(backend, "freeze")

    def reject(question: str) -> None:
        raise TtOpsError("not-confirmed", "no", hint="again: tt-ops unlock")

    with pytest.raises(TtOpsError, match="no"):
        unlock(backend, None, force=False, approve=reject)
    assert backend.holder is not None


def test_a_run_with_a_heartbeat_is_released_only_by_force(backend: Any) -> None:
    """By its own id or that of its Terraform."""
    held = backend.lock(age=20)
    backend.terraform_lock(held.who, now())
    for lock_id in (None, held.id, "7d2f"):
        error = refused(backend, lock_id)
        assert error.code == "lock-alive"
        assert "ann@desk runs 'deploy'" in error.message
        assert error.hint.endswith(": tt-ops unlock 9e1c --force")
    assert release(backend, force=True) == UnlockResult(("9e1c",))
    assert backend.terraform_locks.lock() == TerraformLock(held=False)


def test_a_dead_run_is_released_with_its_terraform(backend: Any) -> None:
    """Without an id, since both belong together."""
    held = backend.lock(process=GONE)
    backend.terraform_lock(held.who, now())
    assert deploy_lock_status(backend).dead
    assert release(backend) == UnlockResult(("9e1c",))
    assert backend.terraform_locks.lock() == TerraformLock(held=False)


def test_a_lock_of_terraform_alone_needs_no_id(backend: Any) -> None:
    """Somebody used Terraform itself, and was killed."""
    backend.terraform_lock("bob@desk", "2026-01-02T03:04:05.609165317Z")
    assert release(backend) == UnlockResult(("7d2f",))
    assert backend.notes == [
        "the Terraform state is locked by bob@desk since 2026-01-02 03:04:05 UTC for its apply"
    ]


def test_locks_of_two_runs_are_told_apart_by_their_ids(backend: Any) -> None:
    """Without an id nothing is released; the other one is named afterwards."""
    backend.lock(process=GONE)
    backend.terraform_lock("bob@desk", now())
    error = refused(backend)
    assert error.code == "lock-ambiguous"
    assert "'9e1c', '7d2f'" in error.message
    result = release(backend, "9e1c")
    assert result.released == ("9e1c",)
    assert (result.holder or "").startswith("the Terraform state is locked by bob@desk")


def test_nothing_locked_is_no_error(backend: Any) -> None:
    """Unless an id is given."""
    assert release(backend) == UnlockResult(())
    assert refused(backend, "7d2f").code == "lock-not-found"


def test_another_id_is_refused(backend: Any) -> None:
    """The error names who holds the lock."""
    backend.lock()
    error = refused(backend, "1234")
    assert error.code == "lock-mismatch"
    assert "ann@desk runs 'deploy'" in error.message


def test_an_unreadable_lock_is_unknown(backend: App) -> None:
    """Such as where the bucket belongs to others."""
    backend.session.client("s3").delete_bucket(Bucket=BUCKET)
    assert deploy_lock_status(backend) == DeployLockStatus(held=None)  # type: ignore[arg-type]
    with raises("state-backend-missing"):
        lock(backend, "freeze")  # type: ignore[arg-type]
