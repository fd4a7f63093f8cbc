"""Write `recording.svg`, a real first deploy and fire drill as a terminal, and `watch.svg`.

It runs the commands in a pseudo-terminal of its own, in a copy of the project, and takes two to
three minutes, most of which the drill's alarm needs to be OK again.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import shutil
import struct
import subprocess  # nosec B404 # runs tt-ops itself
import sys
import tempfile
import termios
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pyte
from rich.console import Console
from rich.style import Style
from rich.text import Text

ROOT = Path(__file__).parents[1]
COLUMNS = 88
LINES = 500  # all that a command prints: nothing scrolls away
SCREEN_LINES = 30
WATCH_SECONDS = 20.0
COMMANDS = (
    "tt-ops --target local deploy --yes",
    "tt-ops local confirm",
    "tt-ops --target local trigger-error --wait",
)
WATCH = "tt-ops --target local watch"
# Lines of a long list, of which the first few are shown.
_RESOURCE = re.compile(r"^\s+(?:\+ create|✓ created)")
_SHOWN = 3


def main() -> None:
    """Record and draw."""
    console, screen = _console(), _console()
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch) / "project"
        for name in ("terraform", "bootstrap", "lambda_function"):
            ignored = shutil.ignore_patterns(".terraform", "__pycache__", "*.auto.tfvars")
            shutil.copytree(ROOT / name, project / name, ignore=ignored)
        try:
            for command in COMMANDS:
                console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
                for line in _shown(_run(command, project)):
                    console.print(line, no_wrap=True)
                console.print()
            for line in _run(WATCH, project, lines=SCREEN_LINES, quit_after=WATCH_SECONDS):
                screen.print(line, no_wrap=True)
        finally:
            _run("tt-ops local down --yes", project)
    _draw(console, "recording")
    _draw(screen, "watch")


def _console() -> Console:
    return Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)


def _draw(console: Console, name: str) -> None:
    picture = console.export_svg(title="tt-ops", unique_id=name)
    # The fonts that rich names would be fetched from the web.
    picture = re.sub(r"@font-face {.*?}\s*", "", picture, flags=re.S)
    (ROOT / "docs" / f"{name}.svg").write_text(picture, "utf-8")


def _run(
    command: str, directory: Path, *, lines: int = LINES, quit_after: float | None = None
) -> list[Text]:
    """Return the lines that a command leaves on a terminal; after some seconds, type `q`."""
    screen = pyte.Screen(COLUMNS, lines)
    stream = pyte.ByteStream(screen)
    program = Path(sys.executable).with_name("tt-ops")
    environment = {**os.environ, "TERM": "xterm-256color", "TT_OPS_LOCAL_PORT": "0"}
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", lines, COLUMNS, 0, 0))
    words = [str(program), *command.split()[1:]]
    with subprocess.Popen(  # nosec B603 # the commands above
        words, cwd=directory, env=environment, stdin=writer, stdout=writer, stderr=writer
    ) as process:
        os.close(writer)
        if quit_after is not None:
            threading.Timer(quit_after, os.write, (reader, b"q")).start()
        # On Linux, reading fails when the other end is closed.
        with suppress(OSError):
            while received := os.read(reader, 65536):
                stream.feed(received)
    os.close(reader)
    shown = [_line(screen.buffer[row]) for row in range(lines)]
    while shown and not shown[-1].plain:
        shown.pop()
    if process.returncode:
        sys.exit(f"{command} failed:\n" + "\n".join(line.plain for line in shown))
    return shown


def _line(row: Mapping[int, pyte.screens.Char]) -> Text:
    line = Text()
    for column in range(COLUMNS):
        char = row[column]
        color = {"default": None, "brown": "yellow"}.get(char.fg, char.fg)
        line.append(char.data, Style(color=color, bold=char.bold))
    line.rstrip()
    return line


def _shown(lines: list[Text]) -> list[Text]:
    """Shorten the lists of resources."""
    shown: list[Text] = []
    run = 0
    for line in lines:
        run = run + 1 if _RESOURCE.match(line.plain) else 0
        if run <= _SHOWN:
            shown.append(line)
        elif run == _SHOWN + 1:
            shown.append(Text("    …"))
    return shown


if __name__ == "__main__":
    main()
