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
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
    """A process group, which is a session too, by its leader: pid, and start in seconds since boot.

    `machine` tells boots and containers apart. With `has_death_signal`, the kernel interrupts the
    leader when its parent dies.
    """

    leader: int
    started: float
    machine: str
    has_death_signal: bool

    @classmethod
    def of(cls, leader: int, *, has_death_signal: bool) -> ProcessGroup | None:
        """Return the group of a process; None if it has gone."""
        import psutil

        try:
            started = _started(psutil.Process(leader))
        except psutil.Error:
            return None
        return cls(leader, started, this_machine(), has_death_signal)

    @classmethod
    def read(cls, file: Path) -> ProcessGroup | None:
        """Return the group recorded in a file; None when it is missing or incomplete."""
        try:
            return cls(**json.loads(file.read_text()))
        except (OSError, ValueError, TypeError):
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
        leader = next((each for each in found if each.pid == self.leader), None)
        if leader is not None:
            if not self.has_death_signal:  # A second SIGINT would make Terraform give up its state.
                _send(leader, signal.SIGINT)
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

        if self.machine != this_machine():
            return
        leader_is_ours = False
        try:
            leader_is_ours = abs(_started(psutil.Process(self.leader)) - self.started) < _TOLERANCE
            if not leader_is_ours:  # Its pid is used again, so nothing is left of the group.
                return
        except psutil.Error:
            pass
        for process in psutil.process_iter():
            try:
                if (
                    os.getpgid(process.pid) == os.getsid(process.pid) == self.leader
                    and _is_alive(process)
                    and _started(process) > self.started - _TOLERANCE
                    and _has_data_directory(process, data_directory, unknown=leader_is_ours)
                ):
                    yield process
            except (OSError, psutil.Error):
                continue


def this_machine() -> str:
    """Return what identifies this boot and, in a container, its processes' numbers."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        import psutil

        return f"boot {psutil.boot_time():.0f}"


def _started(process: Process) -> float:
    """Return a process's start in seconds since boot, which stays when the clock is set."""
    import psutil

    return round(float(process.create_time() - psutil.boot_time()), 2)


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
