"""The contract between the emulator and the CLI: DIR/server.json and an exit code."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from tasktracker_ops.adapters.host.files import replace_file

EXIT_PORT_TAKEN = 98
_NAME = "server.json"


@dataclass(frozen=True)
class ServerState:
    """A running emulator; its `id` is random, so that a reused pid is not mistaken for it."""

    pid: int
    port: int
    id: str
    started_at: datetime
    version: str

    @property
    def url(self) -> str:
        """Return the emulator's address."""
        return f"http://127.0.0.1:{self.port}"

    @classmethod
    def read(cls, directory: Path) -> ServerState | None:
        """Return the state in the file; None when it is missing or invalid."""
        try:
            content = json.loads((directory / _NAME).read_text())
            return cls(
                pid=int(content["pid"]),
                port=int(content["port"]),
                id=str(content["id"]),
                started_at=datetime.fromisoformat(content["started_at"]),
                version=str(content["version"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, directory: Path) -> None:
        """Replace the file atomically, with mode 0600."""
        content = {**asdict(self), "started_at": self.started_at.isoformat()}
        replace_file(directory / _NAME, json.dumps(content).encode(), mode=0o600)

    def remove(self, directory: Path) -> None:
        """Remove the file, unless it describes another emulator."""
        if self.read(directory) == self:
            with contextlib.suppress(OSError):
                (directory / _NAME).unlink()
