"""The deploy lock: whose turn it is, who is dead, and how it ends."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from tasktracker_ops.adapters.host.processes import this_process, user_at_host
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.lock import ProcessIdentity, TerraformLock
from tasktracker_ops.workflows.dead_runs import await_dead_terraform_locks
from tasktracker_ops.workflows.deploy_lock import deploy_lock

from .locking import BUCKET

GONE = replace(this_process(), started=1.0)


def refused(app: Any) -> TtOpsError:
    """Return the error of a deploy that does not get the lock."""
    with pytest.raises(TtOpsError) as caught, deploy_lock(app, "deploy"):
        pass
    assert caught.value.code == "deploy-locked"
    return caught.value


@pytest.mark.parametrize("ending", [None, KeyboardInterrupt, RuntimeError])
def test_the_lock_is_released_in_every_ending(
    backend: Any, ending: type[BaseException] | None
) -> None:
    """It names this process while it is held."""
    with pytest.raises(ending) if ending else nullcontext(), deploy_lock(backend, "destroy"):
        assert (backend.holder.command, backend.holder.process) == ("destroy", this_process())
        if ending:
            raise ending
    assert backend.holder is None


def test_the_error_names_who_deploys_what_from_where(backend: Any) -> None:
    """The hint waits for the turn."""
    run_url = "https://github.com/o/r/actions/runs/1"
    backend.lock(commit="0a1b2c3d4e5f", run_url=run_url, since="2026-01-02T03:04:05+00:00")
    error = refused(backend)
    assert error.message == (
        "ann@desk runs 'deploy' since 2026-01-02 03:04:05 UTC "
        f"(process 4711 on 'desk', commit 0a1b2c3, {run_url})"
    )
    assert error.hint.endswith(": tt-ops … --lock-timeout 600")


def test_the_address_of_the_ci_run_is_recorded(backend: Any) -> None:
    """From GitHub's own variables."""
    names = {"SERVER_URL": "https://github.com", "REPOSITORY": "o/r", "RUN_ID": "1"}
    environ = {f"GITHUB_{name}": value for name, value in names.items()}
    backend.settings = replace(backend.settings, environ=environ)
    with deploy_lock(backend, "deploy") as held:
        assert held.lock.run_url == "https://github.com/o/r/actions/runs/1"


def test_a_dead_run_of_this_machine_is_replaced_at_once(backend: Any) -> None:
    """It is said in one line; the locks that its Terraform left are removed, both of them."""
    dead = backend.lock(process=GONE)
    later = datetime.now(UTC) + timedelta(seconds=1)
    backend.terraform_lock("ann@desk", later.isoformat())
    with deploy_lock(backend, "deploy") as held:
        assert [run.clock for run in backend.holder.dead_runs] == [dead.clock]
        held.remove_terraform_locks()
        held.require_held()
        assert backend.holder.dead_runs == ()
    took_over, removed = backend.notes
    assert "Took over the deploy lock of ann@desk ('deploy' since " in took_over
    assert took_over.endswith(f"its process {GONE.pid} is gone")
    assert removed == "Removed the lock that Terraform left: 7d2f"
    assert backend.terraform_locks.lock() == TerraformLock(held=False)


@pytest.mark.parametrize(
    ("who", "seconds"), [("bob@desk", 1), ("ann@desk", -60), ("ann@desk", 120)]
)
def test_a_lock_of_somebody_elses_terraform_stays(backend: Any, who: str, seconds: int) -> None:
    """Another user's, or one from before the dead run, or after its last heartbeat."""
    backend.lock(process=GONE)
    backend.terraform_lock(who, (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat())
    with deploy_lock(backend, "deploy") as held:
        held.remove_terraform_locks()
    assert backend.terraform_locks.lock().who == who


def test_what_a_run_left_is_removed_by_the_one_after_the_next(backend: Any) -> None:
    """The next one died before it removed anything."""
    first = backend.lock(process=GONE, who="ann@old").run
    backend.terraform_lock("ann@old", datetime.now(UTC).isoformat())
    holder = backend.deploy_locks.queue().holder
    second = replace(holder.lock, id="2", who="ann@new", dead_runs=(first,))
    backend.deploy_locks.replace(second, holder.etag)
    with deploy_lock(backend, "deploy") as held:
        held.remove_terraform_locks()
    assert backend.terraform_locks.lock() == TerraformLock(held=False)


def test_what_a_run_left_is_known_to_the_one_after_the_next(backend: Any) -> None:
    """The next one ended in order, but removes no locks of Terraform, such as `bootstrap`."""
    who = user_at_host()
    backend.lock(process=GONE, who=who)
    backend.terraform_lock(who, datetime.now(UTC).isoformat())
    with deploy_lock(backend, "bootstrap"):
        pass
    assert backend.holder.abandoned
    assert backend.terraform_locks.lock().held
    with deploy_lock(backend, "deploy") as held:
        held.remove_terraform_locks()
    assert "it ended without removing" in backend.notes[1]
    assert backend.terraform_locks.lock() == TerraformLock(held=False)
    assert backend.holder is None


def test_the_lock_of_a_raw_terraform_that_runs_here_stays(backend: Any, tmp_path: Path) -> None:
    """The same user runs it, has begun it before the lock, and has this backend."""
    terraform, used_backend = tmp_path / "terraform", tmp_path / ".terraform" / "terraform.tfstate"
    shutil.copy("/bin/sleep", terraform)
    used_backend.parent.mkdir()
    who = user_at_host()
    with subprocess.Popen([terraform, "60"], cwd=tmp_path) as process:
        try:
            for bucket, is_held in ((BUCKET, True), ("other", False)):
                used_backend.write_text(json.dumps({"backend": {"config": {"bucket": bucket}}}))
                backend.lock(process=GONE, who=who)
                with deploy_lock(backend, "deploy") as held:
                    backend.terraform_lock(who, datetime.now(UTC).isoformat())
                    held.remove_terraform_locks()
                    assert backend.terraform_locks.lock().held is is_held
        finally:
            process.kill()


def test_an_interrupt_during_the_release_releases_all_the_same(backend: Any) -> None:
    """Ctrl-C while the request is under way."""

    def interrupt(**_: Any) -> None:
        events.unregister("before-send.s3.DeleteObject", interrupt)
        raise KeyboardInterrupt

    events = backend.session.client("s3").meta.events
    with pytest.raises(KeyboardInterrupt), deploy_lock(backend, "deploy"):
        events.register_first("before-send.s3.DeleteObject", interrupt)
    assert backend.holder is None


def test_a_response_without_a_date_is_an_error(backend: Any) -> None:
    """Such as behind a proxy: without AWS's time nobody is dead."""

    def remove(parsed: Any, **_: Any) -> None:
        parsed["ResponseMetadata"]["HTTPHeaders"].pop("date", None)

    events = backend.session.client("s3").meta.events
    events.register("after-call.s3.ListObjectsV2", remove)
    try:
        with pytest.raises(TtOpsError, match="no valid date") as caught:
            backend.deploy_locks.queue()
    finally:
        events.unregister("after-call.s3.ListObjectsV2", remove)
    assert caught.value.code == "aws-unreachable"


@pytest.fixture
def stopped() -> Iterator[ProcessIdentity]:
    """Yield the identity of a process that is stopped, and not dead."""
    code = "import sys; print(flush=True); sys.stdin.read()"
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGSTOP)
        here = this_process()
        started = psutil.Process(process.pid).create_time() - psutil.boot_time()
        yield ProcessIdentity(here.machine, process.pid, started)
        process.kill()


def test_a_slow_holder_on_this_machine_is_never_taken(
    backend: Any, stopped: ProcessIdentity
) -> None:
    """However old its last heartbeat is: its process exists."""
    backend.lock(process=stopped, age=100_000)
    assert f"process {stopped.pid}" in refused(backend).message


@pytest.mark.parametrize("age", [0, 290])
def test_a_holder_elsewhere_with_a_heartbeat_is_alive(backend: Any, age: float) -> None:
    """Its process cannot be seen; five minutes have not passed."""
    backend.lock(age=age)
    refused(backend)


def test_a_holder_elsewhere_without_a_heartbeat_is_dead(backend: Any) -> None:
    """After five minutes by AWS's clock."""
    backend.lock(age=310)
    with deploy_lock(backend, "deploy"):
        pass
    assert "its last heartbeat was 31" in backend.notes[0]


def test_a_lock_by_hand_never_dies(backend: Any) -> None:
    """The error has its reason, and the command that releases it."""
    backend.lock(process=None, reason="freeze until Monday", age=10_000_000)
    error = refused(backend)
    assert "ann@desk locked deploys since" in error.message
    assert error.message.endswith("'freeze until Monday'")
    assert error.hint.endswith(": tt-ops unlock 9e1c")


def test_a_waiter_that_came_before_goes_first(backend: Any) -> None:
    """Though the lock is free; without time to wait, the error names it."""
    backend.wait("2026-01-02T03:04:05+00:00")
    assert "bob@desk" in refused(backend).message


@pytest.mark.parametrize(("age", "process"), [(70, this_process()), (0, GONE)])
def test_a_dead_waiter_loses_its_place(backend: Any, age: float, process: ProcessIdentity) -> None:
    """After a minute without a heartbeat, which is also how a stopped one loses it."""
    backend.wait("2026-01-02T03:04:05+00:00", age=age, process=process)
    with deploy_lock(backend, "deploy"):
        assert backend.deploy_locks.queue().tickets == ()


def test_a_waiter_takes_its_turn(backend: Any) -> None:
    """It says once for whom it waits, and leaves no ticket; who came later does not matter."""
    backend.lock()
    backend.wait((datetime.now(UTC) + timedelta(minutes=1)).isoformat())
    etag = backend.deploy_locks.queue().holder.etag
    timer = threading.Timer(1.5, lambda: backend.deploy_locks.release(etag))
    timer.start()
    with deploy_lock(backend, "deploy", timeout=30):
        timer.join()
        assert len(backend.deploy_locks.queue().tickets) == 1
    (note,) = backend.notes
    assert note.startswith("Waiting: ann@desk runs 'deploy'")


@pytest.mark.parametrize(("age", "refused"), [(0, True), (70, False)])
def test_a_backend_that_others_wait_for_is_not_deleted(
    backend: Any, age: float, refused: bool
) -> None:
    """The error names who waits; one without a heartbeat does not count."""
    with deploy_lock(backend, "destroy") as held:
        backend.wait("2026-01-02T03:04:05+00:00", age=age)
        expected = pytest.raises(TtOpsError, match="bob@desk for 'deploy'")
        with expected if refused else nullcontext():
            held.require_nobody_waits()


def test_a_waiter_gives_up_after_its_time(backend: Any) -> None:
    """Its ticket is removed."""
    backend.lock()
    with pytest.raises(TtOpsError), deploy_lock(backend, "deploy", timeout=1):
        pass
    assert backend.deploy_locks.queue().tickets == ()
    assert backend.holder.id == "9e1c"


def test_a_lock_that_was_released_by_force_is_lost(backend: Any) -> None:
    """The run notices before it applies, and does not release the lock of the next."""
    with deploy_lock(backend, "deploy") as held:
        held.require_held()
        backend.deploy_locks.release(backend.deploy_locks.queue().holder.etag)
        backend.lock()
        with pytest.raises(TtOpsError) as caught:
            held.require_held()
    assert caught.value.code == "deploy-lock-lost"
    assert backend.holder.id == "9e1c"


def test_a_killed_terraform_leaves_no_lock(backend: Any) -> None:
    """The run goes on, and removes what its own Terraform left."""

    def killed() -> None:
        with deploy_lock(backend, "deploy") as held:
            backend.terraform_lock(held.lock.who, datetime.now(UTC).isoformat())
            raise TtOpsError("terraform-killed", "it was killed", hint="again: tt-ops deploy")

    with pytest.raises(TtOpsError, match="it was killed"):
        killed()
    assert backend.terraform_locks.lock() == TerraformLock(held=False)


@pytest.mark.parametrize(("age", "removed"), [(310, True), (200, False)])
def test_a_plan_removes_what_the_terraform_of_a_dead_run_left(
    backend: Any, age: float, removed: bool
) -> None:
    """Without the deploy lock, which stays for the next deploy; it does not wait without time."""
    held = backend.lock(age=age)
    backend.terraform_lock(held.who, held.clock)
    await_dead_terraform_locks(backend, 0)
    assert backend.terraform_locks.lock().held is not removed
    assert backend.holder == held
