"""What killed or failed runs of Terraform have left."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

from tasktracker_ops.frozen import dataclass


@dataclass(frozen=True, slots=True)
class KilledRun:
    """A run of tt-ops that was killed: its pid, its start, and the orphans that were ended."""

    pid: int
    started: datetime
    ended: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class UnsavedState:
    """A state that Terraform could not save, and what was done with it.

    `pushed` to the backend, or set aside: `stale` when the backend's is newer, `gone` when what it
    describes is, `invalid` when it is no state. `kept` is the file it is in now.
    """

    outcome: Literal["pushed", "stale", "gone", "invalid"]
    kept: Path | None = None
