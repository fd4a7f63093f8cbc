"""Start, find and stop the emulator as a background process of its own."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import shlex
import signal
import subprocess  # nosec B404 # the emulator
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tasktracker_ops
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.emulator import (
    Contents,
    Persistence,
    RunningEmulator,
    SetAside,
)

from .state import EXIT_PORT_TAKEN, ServerState
from .version import this_version

DEFAULT_PORT = 4580
_SERVER = "tasktracker_ops.emulator.server"
_START_SECONDS = 60.0
_STOP_SECONDS = 10.0
_ANSWER_SECONDS = 10.0  # a busy server is not dead
_POLL_SECONDS = 0.02
_LOG_LINES = 15

# The parent has to wait for a child that ended, or its pid seems alive.
_launched: dict[int, subprocess.Popen[bytes]] = {}


def start(directory: Path, port: int | None, *, persists: bool = False) -> RunningEmulator:
    """Return the emulator of `directory`; start it on `port` unless it is running.

    None prefers the port it had before, else the default, and 0 that one, else a free one; where
    it is taken, both use a free one. One that `persists` begins with its snapshot and keeps it up
    to date. Raises TtOpsError: `local-port-taken`, `local-already-running` (on another port),
    `local-start-failed`.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with _lock(directory):
        running = find(directory)
        if running is not None:
            if port and port != running.port:
                raise TtOpsError(
                    "local-already-running",
                    f"the emulator is already running, on port {running.port} and not {port}",
                    hint="stop it first: tt-ops local down",
                )
            return running
        default = DEFAULT_PORT if port is None else 0
        server = _launch(directory, port or last_port(directory) or default, persists)
        if server is None and port:
            raise TtOpsError(
                "local-port-taken",
                f"port {port} of 127.0.0.1 is in use by another program",
                hint="use any free port: tt-ops local up --port 0",
            )
        server = server or _launch(directory, 0, persists)
        if server is None:
            raise _start_failed(directory, "no free port on 127.0.0.1")
        _port_path(directory).write_text(f"{server.port}\n")
        return server


def last_port(directory: Path) -> int | None:
    """Return the port that the emulator of `directory` had when it was last started."""
    try:
        return int(_port_path(directory).read_text())
    except (OSError, ValueError):
        return None


def find(directory: Path) -> RunningEmulator | None:
    """Return the emulator of `directory` if it is running and answers with its own identity."""
    state = ServerState.read(directory)
    health = state and _health(state)
    if state is None or not health:
        return None
    return RunningEmulator(
        url=state.url,
        port=state.port,
        pid=state.pid,
        started_at=state.started_at.isoformat(timespec="seconds"),
        log_path=_log_path(directory),
        version=state.version,
        same_version=state.version == this_version(),
        exists_since=health["exists_since"],
        persistence=_persistence(directory, health.get("persistence")),
    )


def contents(server: RunningEmulator) -> Contents | None:
    """Return how much an emulator holds; None if it does not answer."""
    counts = _ask(server.port, "contents")
    return Contents(counts) if counts else None


def stop(directory: Path) -> RunningEmulator | None:
    """Stop the emulator of `directory` with its workers; return it, None when there was none.

    Only a process that has just answered with the id in the state file is signalled.
    Raises TtOpsError `local-stop-failed` when even SIGKILL does not end it.
    """
    if not directory.is_dir():
        return None
    with _lock(directory):
        state = ServerState.read(directory)
        server = find(directory)
        if server is None or state is None:
            return None
        for signum in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(server.pid, signum)
            if _wait_for_end(server.pid):
                state.remove(directory)
                return server
    raise TtOpsError(
        "local-stop-failed",
        f"the emulator (process {server.pid}) does not stop",
        hint=f"kill it: kill -9 {server.pid}",
    )


def reset(directory: Path) -> tuple[RunningEmulator | None, tuple[str, ...]]:
    """Stop the emulator of `directory`, and remove its snapshots and all that it left.

    Return the emulator, None when there was none, and the names of the snapshots.
    """
    server = stop(directory)
    if not directory.is_dir():
        return server, ()
    with _lock(directory):
        snapshots = sorted(directory.glob("snapshot*"))
        for each in [*snapshots, directory / ".snapshot.partial", _port_path(directory)]:
            each.unlink(missing_ok=True)
    return server, tuple(each.name for each in snapshots if each.name != "snapshot.lock")


def _launch(directory: Path, port: int, persists: bool) -> RunningEmulator | None:
    """Start the emulator and wait until it answers; None when the port is taken."""
    options = ["--port", str(port), "--directory", ".", *(["--persist"] if persists else [])]
    with _log_path(directory).open("wb") as log:
        child = subprocess.Popen(  # nosec B603 # no shell; our own module
            [sys.executable, "-P", "-m", _SERVER, *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=directory,
            env=_environment(),
            start_new_session=True,
        )
    _launched[child.pid] = child
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if child.poll() == EXIT_PORT_TAKEN:
            return None
        if child.returncode is not None:
            raise _start_failed(directory, f"it ended with code {child.returncode}")
        state = ServerState.read(directory)
        if state is not None and state.pid == child.pid:
            server = find(directory)
            if server is not None:
                return server
        time.sleep(_POLL_SECONDS)
    child.kill()
    child.wait()
    raise _start_failed(directory, f"it did not answer within {_START_SECONDS:.0f} s")


def _environment() -> dict[str, str]:
    """Return the emulator's variables, without the user's profile, proxies and keys."""
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(Path(tasktracker_ops.__file__).parents[1]),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def _health(state: ServerState) -> dict[str, Any] | None:
    """Return what the emulator says of itself; None if it does not answer or is another one."""
    health = _ask(state.port, "health")
    try:
        return health if (health["id"], health["pid"]) == (state.id, state.pid) else None
    except (KeyError, TypeError):
        return None


def _ask(port: int, page: str) -> Any:
    """Return what the emulator answers, as JSON; None if it does not."""
    try:
        return json.loads(http_get(port, f"/_tt-ops/{page}")[1])
    except (OSError, http.client.HTTPException, ValueError):
        return None


def http_get(port: int, path: str) -> tuple[int, bytes]:
    """Return status and body of an emulator's answer. Raises OSError or HTTPException."""
    # http.client uses no proxies, whatever HTTP_PROXY says.
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_SECONDS)
    with contextlib.closing(connection):
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()


def _persistence(directory: Path, health: dict[str, Any] | None) -> Persistence | None:
    if health is None:
        return None
    set_aside = health["set_aside"]
    return Persistence(
        saved_at=health["saved_at"],
        is_current=health["is_current"],
        left_out=tuple(health["left_out"]),
        problem=health["problem"],
        set_aside=set_aside and SetAside(directory / set_aside["name"], set_aside["reason"]),
    )


def _wait_for_end(pid: int) -> bool:
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline:
        if not _runs(pid):
            _launched.pop(pid, None)
            return True
        time.sleep(_POLL_SECONDS)
    return False


def _runs(pid: int) -> bool:
    child = _launched.get(pid)
    if child is not None:
        return child.poll() is None
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    # A container's first process may never wait for its orphans.
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False


def _start_failed(directory: Path, reason: str) -> TtOpsError:
    try:
        lines = _log_path(directory).read_text(errors="replace").splitlines()[-_LOG_LINES:]
    except OSError:
        lines = []
    return TtOpsError(
        "local-start-failed",
        "\n".join([f"the emulator did not start: {reason}", *lines]),
        hint=f"read its log: less {shlex.quote(str(_log_path(directory)))}",
    )


def _port_path(directory: Path) -> Path:
    return directory / "port"


def _log_path(directory: Path) -> Path:
    return directory / "server.log"


@contextlib.contextmanager
def _lock(directory: Path) -> Iterator[None]:
    """Let one process at a time start or stop the emulator of a directory."""
    with (directory / "server.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
