"""The emulator's version."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from tasktracker_ops import __version__

_DIGITS = 8


@cache
def this_version() -> str:
    """Return the package's version and, after a `+`, the start of its sources' SHA-256.

    Code in a working tree changes more often than its version.
    """
    sources = hashlib.sha256()
    folder = Path(__file__).parents[1]
    parts = (folder / "emulator", Path(__file__).parent)
    for file in sorted(each for part in parts for each in part.rglob("*.py")):
        sources.update(f"{file.relative_to(folder)}\0".encode() + file.read_bytes() + b"\0")
    return f"{__version__}+{sources.hexdigest()[:_DIGITS]}"
