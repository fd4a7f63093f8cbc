"""An emulator that persists is the same one after a stop, and after a kill."""

from __future__ import annotations

import os
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tasktracker_ops.local import process
from tasktracker_ops.local.emulator import LocalEmulator
from tasktracker_ops.models.emulator import RunningEmulator
from tests.emulator.aws import Aws


def _start(directory: Path) -> RunningEmulator:
    return process.start(directory, 0, persists=True)


def _kill(server: RunningEmulator) -> None:
    os.kill(server.pid, signal.SIGKILL)


def _saved(directory: Path) -> bool:
    server = process.find(directory)
    assert server is not None
    assert server.persistence is not None
    return server.persistence.is_current


def test_an_emulator_comes_back_after_a_kill_and_after_a_stop(
    directory: Path, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    """At its port, with all it had a second ago; workers start again by themselves."""
    first = _start(directory)
    aws = Aws(first)
    function = aws.function()
    api = aws.api(function)
    assert api.answer({"n": 1}).json() == {"n": 1}
    eventually(lambda: _saved(directory))
    snapshot = directory / "snapshot"
    assert stat.S_IMODE(snapshot.stat().st_mode) == 0o600
    written = snapshot.stat().st_mtime_ns
    time.sleep(1.2)
    assert snapshot.stat().st_mtime_ns == written  # nothing changed

    _kill(first)
    second = _start(directory)
    assert second.url == first.url
    assert second.exists_since == first.exists_since
    assert second.started_at != first.started_at
    assert second.persistence is not None
    assert second.persistence.set_aside is None
    assert api.answer({"n": 2}).json() == {"n": 2}
    assert len([line for line in function.log() if line.startswith("START")]) == 2

    assert process.stop(directory) is not None  # the last line above was never saved before
    _start(directory)
    assert len([line for line in function.log() if line.startswith("START")]) == 2


def test_a_damaged_snapshot_is_said_and_another_emulator_begins(directory: Path) -> None:
    """It is empty, and began now; a reset removes what was set aside."""
    (directory / "snapshot").write_bytes(b"no snapshot")
    server = _start(directory)
    assert server.persistence is not None
    aside = server.persistence.set_aside
    assert aside is not None
    assert aside.path.read_bytes() == b"no snapshot"
    assert aside.reason == "its first line is not that of a snapshot"
    assert server.exists_since == server.started_at
    stopped, removed = process.reset(directory)
    assert stopped is not None
    assert removed == (aside.path.name,)
    assert not list(directory.glob("snapshot*"))
    assert process.last_port(directory) is None


def test_without_persistence_nothing_is_written(directory: Path, aws_in: Any) -> None:
    """What would be lost can be asked for."""
    aws = aws_in()
    aws.client("sns").create_topic(Name="topic")
    aws.function()
    assert aws.server.persistence is None
    emulator = LocalEmulator(directory)
    assert str(emulator.at_stake()) == "1 function"
    stopped = emulator.down()
    assert str(stopped.lost) == "1 function"
    assert emulator.at_stake() is None
    assert not list(directory.glob("snapshot*"))
