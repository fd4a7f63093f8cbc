"""Terraform's data directory (TF_DATA_DIR) for one target, with the log and an unsaved state."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tasktracker_ops.adapters.host.disk import ignoring_full_disk, reporting_full_disk
from tasktracker_ops.adapters.host.files import lock_file

_LOG_LIMIT = 4_000_000  # bytes; a longer log is started again
# Only a change in one of these blocks requires another init.
_INIT_BLOCKS = re.compile(rb"^\s*(terraform|module)\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """A private folder for providers, backend settings, the log and an unsaved state."""

    path: Path

    @property
    def log(self) -> Path:
        """Return the file that holds all of Terraform's output, standard error included."""
        return self.path / "terraform.log"

    @property
    def unsaved_state(self) -> Path:
        """Return the file that holds a state which Terraform could not store."""
        return self.path / "errored.tfstate"

    def create(self) -> None:
        """Create the folder if it does not exist. Raises TtOpsError `disk-full`."""
        with reporting_full_disk(self.path):
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def init_lock(self) -> Iterator[None]:
        """Keep other processes from initialising at the same time."""
        with reporting_full_disk(self.path):
            file = (self.path / "init.lock").open("w")
        with file:
            lock_file(file.fileno(), self.path)
            yield

    def is_initialised(self, fingerprint: str) -> bool:
        """Return whether the last successful init had the same fingerprint."""
        try:
            return self._marker.read_text() == fingerprint
        except FileNotFoundError:
            return False

    def mark_initialised(self, fingerprint: str) -> None:
        """Record the fingerprint of an init that succeeded."""
        with reporting_full_disk(self._marker):
            self._marker.write_text(fingerprint)

    def require_init(self) -> None:
        """Make the next init run."""
        self._marker.unlink(missing_ok=True)

    @property
    def _marker(self) -> Path:
        return self.path / "initialised"

    @contextmanager
    def open_log(self, title: str) -> Iterator[Callable[[str], None]]:
        """Append to the log under a line with the time and `title`; yield what writes a line.

        On a full disk it writes nothing: no command fails for want of its log.
        """
        self.create()
        long = self.log.exists() and self.log.stat().st_size > _LOG_LIMIT
        mode = "w" if long else "a"
        # Without a buffer, which would write again on closing what there was no space for.
        with reporting_full_disk(self.log):
            file = io.FileIO(self.log, mode, opener=_open_private)

        def write(text: str) -> None:
            with ignoring_full_disk():
                file.write(f"{text}\n".encode())

        with file:
            write(f"\n{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {title}")
            yield write

    def move_unsaved_state(self, directory: Path, *, since: datetime) -> bool:
        """Move an errored.tfstate written since then out of the root module; False without one.

        In the root module it could be pushed to another target by mistake. One that is there
        already is set aside.
        """
        file = directory / "errored.tfstate"
        if not file.exists() or file.stat().st_mtime < int(since.timestamp()):
            return False
        if self.unsaved_state.exists():
            self.set_unsaved_state_aside()
        with reporting_full_disk(file):
            shutil.move(file, self.unsaved_state)
        return True

    def set_unsaved_state_aside(self) -> Path:
        """Rename the unsaved state, so that it is not pushed; return its new path."""
        name = f"errored-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.tfstate"
        return self.unsaved_state.rename(self.path / name)


def init_fingerprint(executable: Path, directory: Path, backend: Mapping[str, str]) -> str:
    """Return a digest of what `terraform init` depends on.

    That is the backend, the provider lock file, files with a `terraform` or `module` block, and the
    executable.
    """
    binary = executable.resolve()
    stat = binary.stat() if binary.exists() else None
    digest = hashlib.sha256()
    digest.update(json.dumps([dict(backend), str(directory)], sort_keys=True).encode())
    digest.update(f"{binary} {stat and (stat.st_size, stat.st_mtime_ns)}".encode())
    for file in sorted([*directory.glob("*.tf"), *directory.glob(".terraform.lock.hcl")]):
        content = file.read_bytes()
        if file.suffix != ".tf" or _INIT_BLOCKS.search(content):
            digest.update(f"{file.name} {len(content)} ".encode() + content)
    return digest.hexdigest()


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
