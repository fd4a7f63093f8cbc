"""The commit that a project is at."""

from __future__ import annotations

import shutil
import subprocess  # nosec B404 # git
from pathlib import Path

_TIMEOUT = 5  # seconds


def head_commit(project: Path) -> str | None:
    """Return the commit that is checked out; None outside of a clone, or without git."""
    git = shutil.which("git")
    if git is None:
        return None
    try:
        found = subprocess.run(  # nosec B603 # no shell
            [git, "-C", str(project), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None if found.returncode == 0 else None
