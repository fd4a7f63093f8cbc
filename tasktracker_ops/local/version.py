"""The emulator's version."""

from __future__ import annotations

import hashlib
import os
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
    package = Path(__file__).parents[1]
    # By texts, not paths: every command on the local target compares versions.
    for part in ("emulator", "local"):
        for folder, _, names in sorted(os.walk(package / part)):
            for name in sorted(each for each in names if each.endswith(".py")):
                with open(os.path.join(folder, name), "rb") as file:
                    sources.update(f"{folder[len(str(package)) :]}/{name}\0".encode())
                    sources.update(file.read() + b"\0")
    return f"{__version__}+{sources.hexdigest()[:_DIGITS]}"
