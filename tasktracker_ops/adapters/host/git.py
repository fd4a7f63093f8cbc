"""The commit that a project is at, and whether its files are as in that commit."""

from __future__ import annotations

import shutil
import subprocess  # nosec B404 # git
from pathlib import Path

_TIMEOUT = 5  # seconds


def head_commit(project: Path) -> str | None:
    """Return the commit that is checked out; None outside of a clone, or without git."""
    return _git(project, "rev-parse", "HEAD") or None


def has_changes(project: Path) -> bool:
    """Return whether a file differs from the commit or is in none; False outside of a clone."""
    return bool(_git(project, "status", "--porcelain"))


def _git(project: Path, *words: str) -> str:
    """Return what git prints; nothing if it fails, or is not there."""
    git = shutil.which("git")
    if git is None:
        return ""
    try:
        found = subprocess.run(  # nosec B603 # no shell
            [git, "-C", str(project), *words],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""
