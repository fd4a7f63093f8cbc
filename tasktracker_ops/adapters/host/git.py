"""The commit that a project is at, and whether its files are as in that commit."""

from __future__ import annotations

import re
import shutil
import subprocess  # nosec B404 # git
import tempfile
from pathlib import Path

from tasktracker_ops.errors import TtOpsError

_TIMEOUT = 5  # seconds
_REMOTE = re.compile(r"github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?$")


def head_commit(project: Path) -> str | None:
    """Return the commit that is checked out; None outside of a clone, or without git."""
    return _git(project, "rev-parse", "HEAD") or None


def has_changes(project: Path) -> bool:
    """Return whether a file differs from the commit or is in none; False outside of a clone."""
    return bool(_git(project, "status", "--porcelain"))


def github_repository(project: Path) -> str | None:
    """Return OWNER/REPO of the remote `origin`; None unless that is on GitHub."""
    found = _REMOTE.search(_git(project, "remote", "get-url", "origin"))
    return found[1] if found else None


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


def merge_file(
    ours: bytes, base: bytes, theirs: bytes, labels: tuple[str, str, str]
) -> tuple[bytes, bool]:
    """Return a three-way merge of a text, and whether conflicts are marked in it.

    `labels` name the three in the marks. Raises TtOpsError `merge-failed`, as for binary files.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("ours", "base", "theirs")]
        for file, content in zip(files, (ours, base, theirs), strict=True):
            file.write_bytes(content)
        options = [word for label in labels for word in ("-L", label)]
        git = shutil.which("git") or "git"
        try:
            merged = subprocess.run(  # nosec B603 # no shell
                [git, "merge-file", "-p", "--diff3", *options, *map(str, files)],
                capture_output=True,
                check=False,
            )
        except OSError as error:
            raise _merge_failed(str(error)) from None
    # 255 is a failure; otherwise it is the number of conflicts, up to 127.
    if merged.returncode > 127:
        raise _merge_failed(merged.stderr.decode(errors="replace").strip())
    return merged.stdout, merged.returncode > 0


def _merge_failed(reason: str) -> TtOpsError:
    return TtOpsError(
        "merge-failed",
        f"git merge-file failed: {reason}",
        hint="check that git is installed: git --version",
    )
