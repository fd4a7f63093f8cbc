"""A clean checkout: what git knows or would take, so the tree under test as it is now."""

from __future__ import annotations

import fnmatch
import shutil
from collections.abc import Sequence
from pathlib import Path


def check_out(repository: Path, workspace: Path) -> None:
    """Copy the repository but for .git and what its .gitignore names."""
    lines = (repository / ".gitignore").read_text().split()

    def left_out(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if name == ".git" or _is_ignored(name, lines)}

    shutil.copytree(repository, workspace, ignore=left_out, symlinks=True)


def _is_ignored(name: str, lines: Sequence[str]) -> bool:
    """Whether the last line that fits the name leaves it out."""
    ignored = False
    for line in lines:
        if fnmatch.fnmatch(name, line.lstrip("!").strip("/")):
            ignored = not line.startswith("!")
    return ignored
