"""Secrets for every input of `tt-ops`, and a search of every output."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from .conftest import Clone

_LARGEST = 50_000_000  # bytes; only the provider is larger


class Canaries:
    """Secrets that exist nowhere else, by the input that they are given to."""

    def __init__(self) -> None:
        self.marks: dict[str, str] = {}

    def mark(self, name: str) -> str:
        """Return the text to look for."""
        return self.marks.setdefault(name, f"c{token_hex(9)}")

    def address(self, name: str) -> str:
        """Return an e-mail address."""
        return f"{self.mark(name)}@example.com"

    def key_id(self, name: str) -> str:
        """Return an access key id."""
        return f"AKIA{self.mark(name).upper()}"

    def url(self, name: str, host: str) -> str:
        """Return a URL with a password in it."""
        return f"http://someone:{self.mark(name)}@{host}"

    def inputs_in(self, content: str | bytes) -> set[str]:
        """Return the inputs whose secrets are in a content: as they are, quoted or in base64."""
        data = content.encode(errors="replace") if isinstance(content, str) else content
        lower = data.lower()
        return {
            name
            for name, mark in self.marks.items()
            if mark.encode() in lower
            or b64encode(mark.encode())[:-4] in data
            or quote(mark).encode() in lower
        }


@dataclass
class Watched:
    """A clone of which each run is searched: output, summary, command lines of children."""

    clone: Clone
    canaries: Canaries
    folder: Path
    leaks: list[tuple[Any, ...]] = field(default_factory=list)

    def run(
        self, *arguments: str, code: int | None = 0, follows: bool = False, **environment: str
    ) -> str:
        """Run `tt-ops` in CI; return what it printed. One that `follows` is ended by Ctrl-C."""
        summary = self.folder / "summary.md"
        summary.write_text("")
        variables = {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_STEP_SUMMARY": str(summary),
            "TMPDIR": str(self.folder / "tmp"),
            **environment,
        }
        process = self.clone.start(*arguments, **variables)
        with process, _sampling(process.pid) as lines:
            first = ""
            if follows and process.stdout is not None:
                first = process.stdout.readline()
                process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=240)
        places = {"stdout": first + out, "stderr": err, "summary": summary.read_text()}
        places |= {f"command line of {line[:40]!r}": line for line in lines}
        for place, content in places.items():
            if inputs := self.canaries.inputs_in(content):
                self.leaks.append((arguments, place, inputs, _around(content, self.canaries)))
        printed = f"{first}{out}{err}"
        assert code is None or process.returncode == code, printed
        assert "Traceback" not in printed or "--verbose" in arguments
        return printed

    def search_files(self, *but: str) -> None:
        """Search all files of the clone, also in zips, but those named `but`."""
        for root in (self.clone.path, self.folder):
            for file in root.rglob("*"):
                if file.is_symlink() or not file.is_file() or file.name in but:
                    continue
                if file.stat().st_size < _LARGEST and (inputs := self._inputs_in(file)):
                    self.leaks.append((str(file), inputs))

    def _inputs_in(self, file: Path) -> set[str]:
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                content = b"\n".join(archive.read(name) for name in archive.namelist())
            return self.canaries.inputs_in(content)
        return self.canaries.inputs_in(file.read_bytes())


def _around(content: str, canaries: Canaries) -> str:
    """Return the first leak with the text around it."""
    places = [content.lower().find(mark) for mark in canaries.marks.values()]
    place = min((p for p in places if p >= 0), default=0)
    return content[max(place - 60, 0) : place + 60]


@contextlib.contextmanager
def _sampling(pid: int) -> Iterator[set[str]]:
    """Collect the command lines of all processes that start meanwhile, but those of `pid`."""
    lines: set[str] = set()
    done = threading.Event()
    older = set(os.listdir("/proc"))

    def command_line(process: Path) -> str:
        with contextlib.suppress(OSError):
            return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return ""

    def sample() -> None:
        # Until it executes a program, a child has the command line of its parent.
        own = ""
        while not done.is_set():
            own = command_line(Path(f"/proc/{pid}")) or own
            begun = set(os.listdir("/proc")) - older
            lines.update(command_line(Path("/proc", name)) for name in begun if name.isdigit())
            lines.discard(own)
            time.sleep(0.02)

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield lines
    finally:
        done.set()
        thread.join()
