"""The running emulators of this user, so that commands outside of a project find theirs."""

from __future__ import annotations

import hashlib
import shlex
from contextlib import suppress
from pathlib import Path

from tasktracker_ops.errors import ConfigurationError

from . import process
from .state import ServerState


class EmulatorRegistry:
    """One file for each emulator, which has the path of its directory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, directory: Path) -> None:
        """Register an emulator, and forget those that ended; do nothing where that is refused."""
        name = hashlib.sha256(str(directory).encode()).hexdigest()[:16]
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._folder / name).write_text(str(directory))
            for file, other in self._entries():
                if ServerState.read(other) is None:
                    file.unlink(missing_ok=True)

    def only(self) -> Path:
        """Return the directory of the one emulator that runs.

        Raises ConfigurationError `project-missing` if none does, `project-ambiguous` for several.
        """
        running = sorted(each for _, each in self._entries() if process.find(each) is not None)
        if len(running) == 1:
            return running[0]
        here = f"no Task Tracker project in {str(Path.cwd())!r} or above it"
        if not running:
            raise ConfigurationError(
                "project-missing",
                f"{here}, and no emulator of yours is running",
                hint="go to your project, or name it: tt-ops --project-dir PATH …",
            )
        projects = [str(each.parent.parent) for each in running]
        raise ConfigurationError(
            "project-ambiguous",
            f"{here}, and {len(running)} emulators are running: {', '.join(map(repr, projects))}",
            hint=f"name a project: tt-ops --project-dir {shlex.quote(projects[0])} …",
        )

    def _entries(self) -> list[tuple[Path, Path]]:
        try:
            return [(each, Path(each.read_text())) for each in sorted(self._folder.iterdir())]
        except OSError:
            return []
