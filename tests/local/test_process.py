"""The emulator's process is started once, found and stopped, whatever state was left."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.local import process
from tasktracker_ops.local.state import ServerState

NONSENSE = {
    "AWS_PROFILE": "no-such-profile",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_REGION": "moon-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_CONFIG_FILE": "/no/such/file",
    "HTTP_PROXY": "http://127.0.0.1:1",
    "http_proxy": "http://127.0.0.1:1",
    "HTTPS_PROXY": "http://127.0.0.1:1",
}


def _runs(pid: int) -> bool:
    """Return whether the process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def nonsense(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's environment with invalid AWS and proxy variables."""
    for name, value in NONSENSE.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def taken_port() -> Any:
    """A port that another program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.usefixtures("nonsense")
def test_the_emulator_starts_answers_and_stops(directory: Path, taken_port: int) -> None:
    """A port that is taken is replaced, the user's variables do not matter, and nothing is left."""
    (directory / "port").write_text(f"{taken_port}\n")  # it had this one before
    server = process.start(directory, None)
    assert server.port != taken_port
    health = requests.get(f"{server.url}/_tt-ops/health", proxies={"http": ""}, timeout=5).json()
    assert health["service"] == "tt-ops emulator"
    assert health["emulation"] is True
    assert health["pid"] == server.pid
    assert process.find(directory) == server
    assert stat.S_IMODE((directory / "server.json").stat().st_mode) == 0o600
    assert process.stop(directory) == server
    assert not _runs(server.pid)
    assert not (directory / "server.json").exists()
    assert process.find(directory) is None


def test_the_emulator_is_bound_to_loopback_only(aws: Any) -> None:
    """Every listening socket of the server is on 127.0.0.1."""
    listening = [
        line.split()[1]
        for line in Path(f"/proc/{aws.server.pid}/net/tcp").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and int(line.split()[1].split(":")[1], 16) == aws.server.port
    ]
    assert [each.split(":")[0] for each in listening] == ["0100007F"]


def test_a_second_start_returns_the_running_emulator(aws: Any) -> None:
    """No other process is started."""
    assert process.start(aws.server.log_path.parent, 0) == aws.server


def test_two_concurrent_starts_start_one_emulator(directory: Path) -> None:
    """Both processes get the same one."""
    script = (
        "import sys; from pathlib import Path; from tasktracker_ops.local import process;"
        "print(process.start(Path(sys.argv[1]), 0).pid)"
    )
    command = [sys.executable, "-c", script, str(directory)]
    root = Path(process.__file__).parents[2]
    with ThreadPoolExecutor(2) as pool:
        runs = [
            pool.submit(subprocess.run, command, capture_output=True, cwd=root, check=True)
            for _ in range(2)
        ]
        pids = {int(run.result().stdout) for run in runs}
    assert len(pids) == 1
    server = process.stop(directory)
    assert server is not None
    assert {server.pid} == pids


def test_taken_port_that_is_required_is_an_error(directory: Path, taken_port: int) -> None:
    """A required port that is taken is named, with a command to type."""
    with pytest.raises(TtOpsError, match=str(taken_port)) as caught:
        process.start(directory, taken_port)
    assert caught.value.code == "local-port-taken"
    assert "tt-ops local up --port" in caught.value.hint


def test_another_required_port_is_an_error(aws: Any, taken_port: int) -> None:
    """An emulator cannot be on the required port while it runs on another."""
    with pytest.raises(TtOpsError) as caught:
        process.start(aws.server.log_path.parent, taken_port)
    assert caught.value.code == "local-already-running"


def test_stale_state_of_a_reused_pid_is_ignored(directory: Path) -> None:
    """Another process that has the pid of a stale file gets no signal."""
    with subprocess.Popen(["sleep", "60"]) as bystander:
        state = {"pid": bystander.pid, "port": 1, "id": "x", "started_at": "2026-01-01T00:00:00Z"}
        (directory / "server.json").write_text(json.dumps(state))
        assert process.find(directory) is None
        assert process.stop(directory) is None
        assert bystander.poll() is None
        bystander.kill()


def test_the_answer_of_another_server_is_not_accepted(aws: Any, directory: Path) -> None:
    """A live server whose id is not the one in the file is left alone."""
    state = ServerState.read(aws.server.log_path.parent)
    assert state is not None
    replace(state, id="another").write(directory)
    assert process.find(directory) is None
    assert process.stop(directory) is None
    assert process.find(aws.server.log_path.parent) == aws.server


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x"}', "null"])
def test_an_invalid_state_file_is_ignored(directory: Path, content: str) -> None:
    """A damaged file counts as none."""
    (directory / "server.json").write_text(content)
    assert process.find(directory) is None


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_no_worker_outlives_the_server(aws_in: Any, eventually: Any, end: str) -> None:
    """Idle and busy workers end when it is stopped or killed; then the next start works."""
    aws = aws_in()
    function = aws.function()
    idle = function.do("environment")["pid"]
    busy_function = aws.function()
    busy = busy_function.do("environment")["pid"]
    with ThreadPoolExecutor(1) as pool:
        spinning = pool.submit(busy_function.do, "spin")
        assert _runs(idle)
        assert _runs(busy)
        if end == "stop":
            process.stop(aws.server.log_path.parent)
        else:
            os.kill(aws.server.pid, signal.SIGKILL)
        eventually(lambda: not _runs(idle) and not _runs(busy))
        spinning.exception(timeout=30)  # it ended, with an answer or without
    directory = aws.server.log_path.parent
    assert process.find(directory) is None
    assert process.stop(directory) is None
    if end == "kill":
        assert process.start(directory, 0).pid != aws.server.pid


def test_a_server_that_dies_at_its_start_shows_its_log(directory: Path) -> None:
    """An error at the start carries the last lines of the log."""
    (directory / "server.json").mkdir()
    with pytest.raises(TtOpsError, match="IsADirectoryError") as caught:
        process.start(directory, 0)
    assert caught.value.code == "local-start-failed"
    assert "server.log" in caught.value.hint
    (directory / "server.json").rmdir()


def test_a_server_that_nobody_waits_for_counts_as_ended(directory: Path) -> None:
    """Stopping takes no longer where the parent leaves the ended process a zombie."""
    script = (
        "import sys, time; from pathlib import Path; from tasktracker_ops.local import process;"
        "process.start(Path(sys.argv[1]), 0);"
        "print(flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", script, str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        begin = time.monotonic()
        assert process.stop(directory) is not None
        assert time.monotonic() - begin < 5
        parent.kill()


@pytest.mark.parametrize("again", [pytest.param(False, marks=pytest.mark.extended), True])
def test_a_server_whose_folder_was_removed_ends(
    tmp_path: Path, eventually: Any, again: bool
) -> None:
    """It could no longer be found; a new folder has an emulator of its own."""
    folder = tmp_path / "local"
    server = process.start(folder, 0)
    folder.rename(tmp_path / "kept")  # as removed, but that what is written there can be seen
    if again:
        folder.mkdir()
    eventually(lambda: not _runs(server.pid))
    assert list(folder.glob("*")) == []


def test_stop_without_a_server_does_nothing(tmp_path: Path) -> None:
    """That is no error."""
    assert process.stop(tmp_path / "nothing") is None
