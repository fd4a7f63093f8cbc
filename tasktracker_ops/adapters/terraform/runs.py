"""Run folders: what a process keeps while it runs Terraform, and what killed ones have left.

`runs/<pid>-<start>/` belongs to one process of tt-ops, which holds a lock on its file `owner`. It
has a folder per plan, with the saved plan, and one per command, with Terraform's output and process
group.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from tasktracker_ops.adapters.host.disk import ignoring_full_disk, reporting_full_disk
from tasktracker_ops.adapters.host.files import lock_file
from tasktracker_ops.adapters.host.processes import this_process
from tasktracker_ops.errors import TtOpsError

from .orphans import ProcessGroup

_GROUP = "process"


@dataclass(frozen=True, slots=True)
class KilledRun:
    """A run of tt-ops that was killed: its pid, its start, and the orphans that were ended."""

    pid: int
    started: datetime
    ended: tuple[int, ...]


@dataclass(slots=True)
class _Ours:
    """The run folder of this process, its locked file, and how many use it."""

    path: Path
    owner: int
    users: int = 0


# By the folder of all runs.
_ours: dict[Path, _Ours] = {}
_guard = threading.Lock()


@dataclass(frozen=True, slots=True)
class Runs:
    """The run folders below `path`, of the stack whose TF_DATA_DIR is `data_directory`."""

    path: Path
    data_directory: Path

    @contextmanager
    def folder(self, kind: str) -> Iterator[Path]:
        """Yield a private folder of this process, which is removed afterwards."""
        with reporting_full_disk(self.path):
            folder = self._enter(kind)
        try:
            yield folder
        finally:
            self._leave(folder)

    def recover(self, *, on_wait: Callable[[int], None]) -> tuple[KilledRun, ...]:
        """End the processes of dead runs, remove their folders, and return these runs.

        A live run is not touched. `on_wait` gets the pid of a Terraform that is still ending.
        Raises TtOpsError `terraform-not-ended`.
        """
        return tuple(self._recover(folder, on_wait) for folder in self._dead())

    def _enter(self, kind: str) -> Path:
        with _guard:
            if self.path not in _ours:
                with self._locked():
                    _ours[self.path] = self._create()
            ours = _ours[self.path]
            ours.users += 1
            try:
                return Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=ours.path))
            except OSError:
                self._release(ours)
                raise

    def _leave(self, folder: Path) -> None:
        with _guard:
            shutil.rmtree(folder, ignore_errors=True)
            self._release(_ours[self.path])

    def _release(self, ours: _Ours) -> None:
        ours.users -= 1
        if ours.users == 0:
            del _ours[self.path]
            shutil.rmtree(ours.path, ignore_errors=True)
            os.close(ours.owner)

    def _create(self) -> _Ours:
        path = self.path / f"{os.getpid()}-{int(time.time())}"
        path.mkdir(mode=0o700, exist_ok=True)
        owner = _open(path / "owner")
        lock_file(owner, path)
        # For people who look; the lock ends with the process, whatever its pid is used for later.
        with ignoring_full_disk():
            os.write(owner, json.dumps(asdict(this_process())).encode())
        return _Ours(path, owner)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep a folder that is being made from being taken for a dead one."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = _open(self.path / "lock")
        try:
            lock_file(lock, self.path)
            yield
        finally:
            os.close(lock)

    def _dead(self) -> Iterator[Path]:
        """Yield the folders of dead runs, each locked against other runs until the next."""
        if not self.path.is_dir():
            return
        for folder in sorted(self.path.glob("*-*")):
            with self._locked():
                try:
                    owner = os.open(folder / "owner", os.O_RDWR)
                except FileNotFoundError:  # killed before it ran anything, or removed by now
                    shutil.rmtree(folder, ignore_errors=True)
                    continue
            try:
                lock_file(owner, folder, wait=False)
                # Its run may have ended, and removed it, before it could be locked.
                if folder.is_dir():
                    yield folder
            except BlockingIOError:
                continue
            finally:
                os.close(owner)

    def _recover(self, folder: Path, on_wait: Callable[[int], None]) -> KilledRun:
        ended: list[int] = []
        for file in folder.glob(f"*/{_GROUP}"):
            if group := ProcessGroup.read(file):
                found, remaining = group.end(self.data_directory, on_wait=on_wait)
                if remaining:
                    raise _not_ended(remaining)
                ended += found
        pid, _, started = folder.name.partition("-")
        shutil.rmtree(folder)
        return KilledRun(int(pid), datetime.fromtimestamp(int(started), UTC), tuple(ended))


def record_group(folder: Path, pid: int) -> None:
    """Record in its folder the process group of a command that has started."""
    group = ProcessGroup.of(pid)
    with ignoring_full_disk():
        if group:
            group.write(folder / _GROUP)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _not_ended(pids: tuple[int, ...]) -> TtOpsError:
    numbers = " ".join(map(str, pids))
    return TtOpsError(
        "terraform-not-ended",
        f"Terraform of a run that was killed does not end: {numbers}",
        hint=f"end it before anything else: kill -9 {numbers}",
    )
