"""A machine on which lines are typed into a shell."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """A machine with nothing but an installed tt-ops: its folder, and where its programs are."""

    folder: Path
    programs: Path

    def type(self, line: str, *, answers: str = "", status: int = 0) -> str:
        """Type a line into a shell on a terminal, with answers to what it asks; return its text."""
        keyboard, terminal = pty.openpty()
        os.write(keyboard, answers.encode())
        with subprocess.Popen(
            ["bash", "-c", line],
            cwd=self.folder,
            env={
                "PATH": f"{self.programs}:{os.environ['PATH']}",
                "HOME": str(self.folder),
                "SHELL": "/bin/bash",
                "TERM": "dumb",
                "TT_OPS_LOCAL_PORT": "0",
            },
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
        ) as process:
            os.close(terminal)
            text = "".join(_read(keyboard))
        os.close(keyboard)
        assert process.returncode == status, text
        return text


def _read(terminal: int) -> Iterator[str]:
    while True:
        try:
            yield os.read(terminal, 65536).decode(errors="replace")
        except OSError:  # all programs on it have ended
            return
