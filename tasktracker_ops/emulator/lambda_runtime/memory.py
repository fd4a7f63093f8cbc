"""The memory of a worker, as Linux counts it."""

from __future__ import annotations

import contextlib
import os
import re

_SIZES = re.compile(rb"VmHWM:\s*(\d+) kB\nVmRSS:\s*(\d+) kB")


class Memory:
    """The memory of a process in MB: the most it has held, and what it held when last measured.

    Both stay 0 where there is no /proc.
    """

    def __init__(self, pid: int) -> None:
        self.peak_mb = self.resident_mb = 0
        # Kept open, since to open it takes several times as long as to read it.
        self._status: int | None = None
        with contextlib.suppress(OSError):
            self._status = os.open(f"/proc/{pid}/status", os.O_RDONLY)

    def measure(self) -> None:
        """Look at the process, if it is still there."""
        if self._status is None:
            return
        with contextlib.suppress(OSError):
            sizes = _SIZES.search(os.pread(self._status, 4096, 0))
            if sizes is not None:  # of a process that has ended
                self.peak_mb, self.resident_mb = (int(size) // 1024 for size in sizes.groups())

    def close(self) -> None:
        """End measuring."""
        if self._status is not None:
            os.close(self._status)
            self._status = None
