"""Which process is running on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tasktracker_ops.adapters.host.processes import is_running, this_process
from tasktracker_ops.models.lock import ProcessIdentity

_CODE = """
import json, sys
from dataclasses import asdict
from tasktracker_ops.adapters.host.processes import this_process
print(json.dumps(asdict(this_process())), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def child() -> Iterator[tuple[subprocess.Popen[str], ProcessIdentity]]:
    """Yield a process that waits, and the identity that it has written."""
    import json

    with subprocess.Popen(
        [sys.executable, "-c", _CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process, ProcessIdentity(**json.loads(process.stdout.readline()))
        process.kill()


def test_a_process_runs_until_it_has_ended(
    child: tuple[subprocess.Popen[str], ProcessIdentity],
) -> None:
    """A stopped one runs; a killed one does not, even while its parent has not asked for it."""
    process, identity = child
    assert is_running(identity)
    process.send_signal(signal.SIGSTOP)
    assert is_running(identity)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_running(identity) is False
    process.wait()
    assert is_running(identity) is False


def test_a_reused_pid_is_another_process() -> None:
    """Its start differs."""
    assert is_running(this_process())
    assert is_running(replace(this_process(), started=this_process().started - 60)) is False


def test_a_process_of_another_machine_is_unknown() -> None:
    """Nothing can be said about its pid here."""
    assert is_running(replace(this_process(), machine="elsewhere")) is None
