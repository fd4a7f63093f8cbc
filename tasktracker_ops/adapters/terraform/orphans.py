"""Terraform's process group: recorded when it starts, recognised and ended if it is orphaned.

A process is known by its pid and start, never by its name: pids are used again.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tasktracker_ops.adapters.host.processes import identify, this_process
from tasktracker_ops.frozen import dataclass
from tasktracker_ops.models.lock import ProcessIdentity

if TYPE_CHECKING:
    from psutil import Process

# Seconds that Terraform gets to end in order.
_PATIENCE = 20.0
# Seconds between SIGTERM and SIGKILL, and after it.
_GRACE = 3.0
_POLL = 0.05
# Seconds that the time of boot, as read twice, may differ.
_TOLERANCE = 2.0


@dataclass(frozen=True, slots=True)
class ProcessGroup:
    """A process group, which is a session too, by its leader."""

    leader: ProcessIdentity

    @classmethod
    def of(cls, leader: int) -> ProcessGroup | None:
        """Return the group of a process; None if it has gone."""
        identity = _identify(leader)
        return cls(identity) if identity else None

    @classmethod
    def read(cls, file: Path) -> ProcessGroup | None:
        """Return the group recorded in a file; None when it is missing or incomplete."""
        try:
            content = json.loads(file.read_text())
            return cls(ProcessIdentity(**content["leader"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, file: Path) -> None:
        """Record the group in a file."""
        file.write_text(json.dumps(asdict(self)))

    def end(
        self, data_directory: Path, *, on_wait: Callable[[int], None]
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """End what is left of the group; return the pids that were found, and those that remain.

        Terraform may end in order first; `on_wait` gets its pid. Only processes are signalled that
        have `data_directory` as TF_DATA_DIR, where that can be read.
        """
        found = [*self._members(data_directory)]
        leader = next((each for each in found if each.pid == self.leader.pid), None)
        if leader is not None:
            # It has got its signal when its parent died, and would give up its state at a second.
            on_wait(leader.pid)
            _wait([leader], _PATIENCE)
        for number in (signal.SIGTERM, signal.SIGKILL):
            remaining = [*self._members(data_directory)]
            for process in remaining:
                _send(process, number)
            _wait(remaining, _GRACE)
        pids = tuple(each.pid for each in found)
        return pids, tuple(each.pid for each in self._members(data_directory))

    def _members(self, data_directory: Path) -> Iterator[Process]:
        import psutil

        if self.leader.machine != this_process().machine:
            return
        leader = _identify(self.leader.pid)
        if leader and abs(leader.started - self.leader.started) > _TOLERANCE:
            return  # Its pid is used again, so nothing is left of the group.
        # Not process_iter, whose cache may hold an ended process of a pid that is used again.
        for pid in psutil.pids():
            try:
                process = psutil.Process(pid)
                if (
                    os.getpgid(pid) == os.getsid(pid) == self.leader.pid
                    and _is_alive(process)
                    and identify(pid).started > self.leader.started - _TOLERANCE
                    and _has_data_directory(process, data_directory, unknown=leader is not None)
                ):
                    yield process
            except (OSError, psutil.Error):
                continue


def may_hold_lock(since: datetime, bucket: str, work_dir: Path) -> bool:
    """Return whether a Terraform of this user that is running may have taken a lock at `since`.

    That is one with its state in `bucket` which tt-ops did not start, or which is of the project
    with this `work_dir`, such as that of `tt-ops plan`.
    """
    import psutil

    for pid in psutil.pids():
        with suppress(psutil.Error, OSError):
            process = psutil.Process(pid)
            if (
                process.name() == "terraform"
                and process.uids().real == os.getuid()
                and process.create_time() <= since.timestamp() + _TOLERANCE
                and _is_alive(process)
                and _may_lock_state_in(bucket, process, work_dir)
            ):
                return True
    return False


def _may_lock_state_in(bucket: str, process: Process, work_dir: Path) -> bool:
    data_directory = Path(process.cwd(), process.environ().get("TF_DATA_DIR") or ".terraform")
    # Here Terraform keeps where its state is; without it, there is none for it to lock.
    with suppress(FileNotFoundError, ValueError, LookupError, TypeError):
        backend = json.loads((data_directory / "terraform.tfstate").read_text())["backend"]
        is_of_tt_ops = (data_directory / "runs").is_dir()
        return bool(backend["config"]["bucket"] == bucket) and (
            not is_of_tt_ops or data_directory.is_relative_to(work_dir)
        )
    return False


def _identify(pid: int) -> ProcessIdentity | None:
    """Return the identity of a process, even if it has ended and not been waited for."""
    import psutil

    try:
        return identify(pid)
    except psutil.Error:
        return None


def _has_data_directory(process: Process, path: Path, *, unknown: bool) -> bool:
    import psutil

    try:
        return bool(process.environ().get("TF_DATA_DIR") == str(path))
    except psutil.AccessDenied:
        return unknown


def _is_alive(process: Process) -> bool:
    import psutil

    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _send(process: Process, number: int) -> None:
    import psutil

    with suppress(psutil.Error):
        process.send_signal(number)


def _wait(processes: Iterable[Process], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while any(map(_is_alive, processes)) and time.monotonic() < deadline:
        time.sleep(_POLL)
