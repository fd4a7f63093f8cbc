"""Keep snapshots of the emulator while something changes, and bring the last one back.

A child process writes each, as Redis does it: a fork has a copy of everything at one moment, and
only that moment has to wait. Source: https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/
"""

from __future__ import annotations

import fcntl
import gc
import logging
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from . import changes, snapshot
from .snapshot import Damaged, OfAnotherVersion

_log = logging.getLogger(__name__)
# From the start of one snapshot to the next: with what one takes, a second at most.
_INTERVAL_SECONDS = 0.5
_PAUSE_SECONDS = 1.0
_WRITING_SECONDS = 60  # a child that takes longer ends
_REPORT_BYTES = 1000
_LOCK = "snapshot.lock"
# Elsewhere, system libraries do not survive a fork of a process with threads.
CAN_FORK = sys.platform == "linux"


class ChildFailed(Exception):
    """The process that writes a snapshot has failed; the message says why."""


class Persistence:
    """The snapshots of one emulator; made before it serves, started when it does."""

    def __init__(
        self, directory: Path, stores: Mapping[str, Any], *, started_at: datetime, forks: bool
    ) -> None:
        """Restore the snapshot in `directory`, if there is one.

        Where it `forks` no request waits for more than a moment.
        """
        self._folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        self._stores = stores
        self._forks = forks
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)
        self._problem: str | None = None
        # The name that was given to a snapshot that could not be restored, and the reason.
        self._set_aside: dict[str, str] | None = None
        # A child that outlives its emulator finishes first: it has the lock, too.
        self._lock = os.open(_LOCK, os.O_RDWR | os.O_CREAT, 0o600, dir_fd=self._folder)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        with changes.paused(_PAUSE_SECONDS):
            self._last = self._restore()
        self._saved = changes.count()  # up to which the snapshot has all of them
        self.exists_since = self._last.exists_since if self._last else started_at

    def start(self) -> None:
        """Begin to keep snapshots."""
        # Newer Pythons warn of a fork with threads: no other is within a store, or holds its lock.
        warnings.filterwarnings("ignore", ".*multi-threaded.*fork", DeprecationWarning)
        self._thread.start()

    def stop(self) -> None:
        """Keep no more snapshots."""
        self._closing.set()
        self._thread.join()

    def close(self) -> None:
        """Keep what there is now; nothing can change it afterwards."""
        self.stop()
        try:
            changes.pause(_PAUSE_SECONDS)  # for good: the process ends
            if changes.count() > self._saved:
                snapshot.write(self._folder, snapshot.take(self._stores, self.exists_since))
        except Exception:
            _log.exception("the last snapshot")

    def describe(self) -> dict[str, Any]:
        """Return how far the snapshot goes, as JSON."""
        last = self._last
        return {
            "saved_at": last and _timestamp(last.taken_at),
            "is_current": changes.count() == self._saved,
            "left_out": list(last.left_out) if last else [],
            "problem": self._problem,
            "set_aside": self._set_aside,
        }

    def _restore(self) -> snapshot.Description | None:
        try:
            return snapshot.restore(self._folder, self._stores)
        except (Damaged, OfAnotherVersion) as error:
            name = snapshot.set_aside(self._folder, error, datetime.now(UTC))
            self._set_aside = {"name": name, "reason": str(error)}
            _log.error("%s: %s", name, error)
            return None

    def _run(self) -> None:
        while not self._closing.is_set():
            if not changes.wait_for_more(self._saved, _INTERVAL_SECONDS):
                continue
            begin = time.monotonic()
            try:
                self._saved = self._save_in_child() if self._forks else self._save()
                self._problem = None
            except Exception as error:
                self._problem = f"{type(error).__name__}: {error}"
                _log.exception("snapshot")
            self._closing.wait(max(0.0, begin + _INTERVAL_SECONDS - time.monotonic()))

    def _save(self) -> int:
        """Write a snapshot and return the number of changes in it; requests wait meanwhile."""
        with changes.paused(_PAUSE_SECONDS) as made:
            taken = snapshot.take(self._stores, self.exists_since)
        snapshot.write(self._folder, taken)
        self._last = taken.description
        return made

    def _save_in_child(self) -> int:
        """Do the same in a child process; requests wait only until it has begun."""
        report, end = os.pipe()
        with open(report, "rb") as stream:
            try:
                with changes.paused(_PAUSE_SECONDS) as made:
                    child = os.fork()
                    if child == 0:
                        self._be_child(end)
            finally:
                os.close(end)
            problem = stream.read().decode()
        _, status = os.waitpid(child, 0)
        if status != 0:
            raise ChildFailed(problem or f"its process ended with status {status}")
        self._last = snapshot.describe(self._folder)
        return made

    def _be_child(self, report: int) -> NoReturn:
        """Write a snapshot and exit; write to `report` why it failed."""
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(_WRITING_SECONDS)
            gc.disable()  # a collection would touch, and so copy, all memory
            # Neither the port nor a connection may stay open when the emulator ends.
            _close_all_but(self._folder, self._lock, report)
            snapshot.write(self._folder, snapshot.take(self._stores, self.exists_since))
            os._exit(0)
        except BaseException as error:
            os.write(report, f"{type(error).__name__}: {error}".encode()[:_REPORT_BYTES])
        finally:
            os._exit(1)


def _timestamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _close_all_but(*kept: int) -> None:
    for each in os.listdir("/proc/self/fd"):
        if int(each) > 2 and int(each) not in kept:
            with suppress(OSError):  # that of the list itself
                os.close(int(each))
