"""A clean checkout of the tree under test: its files without those that git ignores."""

from __future__ import annotations

import fnmatch
import shutil
from collections.abc import Sequence
from pathlib import Path


def check_out(repository: Path, workspace: Path) -> None:
    """Copy the repository without .git and what its .gitignore names."""
    lines = (repository / ".gitignore").read_text().split()

    def excluded(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if name == ".git" or _is_ignored(name, lines)}

    shutil.copytree(repository, workspace, ignore=excluded, symlinks=True)


def _is_ignored(name: str, lines: Sequence[str]) -> bool:
    """Return whether the last line that matches the name excludes it."""
    ignored = False
    for line in lines:
        if fnmatch.fnmatch(name, line.lstrip("!").strip("/")):
            ignored = not line.startswith("!")
    return ignored
