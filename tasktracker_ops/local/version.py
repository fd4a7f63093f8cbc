"""Which version of the embedded AWS this is."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from tasktracker_ops import __version__

_DIGITS = 8


@cache
def this_version() -> str:
    """Return the package's version and, after a `+`, the start of its sources' SHA-256.

    Working trees have the same version for long, and other code in it.
    """
    sources = hashlib.sha256()
    folder = Path(__file__).parent
    for file in sorted(folder.rglob("*.py")):
        sources.update(f"{file.relative_to(folder)}\0".encode() + file.read_bytes() + b"\0")
    return f"{__version__}+{sources.hexdigest()[:_DIGITS]}"
