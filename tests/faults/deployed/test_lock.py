"""A deploy that is slow but alive keeps its lock; tests/e2e/test_contention.py has many at once."""

from __future__ import annotations

import signal
import threading

import pytest

from tests.faults.account import Account
from tests.faults.proxy import Fault


@pytest.mark.row("The holder of the lock is alive, but slow")
def test_slow_holder_keeps_its_lock(deployed: Account) -> None:
    """A second deploy names the holder and changes nothing; the first one completes."""
    kept = deployed.tasks()
    deployed.change()
    stopped = threading.Event()

    def stop() -> None:
        deployed.kill("all", signal.SIGSTOP)
        stopped.set()

    deployed.proxy.inject("UpdateStage", Fault(then=stop))
    slow = deployed.start("deploy", "--yes")
    assert stopped.wait(120)
    before = deployed.existing(), deployed.locks()
    second = deployed.run("deploy", "--yes")
    assert second.returncode == 1
    assert "lock" in second.stderr
    assert (deployed.existing(), deployed.locks()) == before
    deployed.kill("all", signal.SIGCONT)
    ended = deployed.finish(slow)
    assert ended.returncode == 0, ended.stderr
    deployed.require_deployed(kept)
    deployed.require_empty_plan()
