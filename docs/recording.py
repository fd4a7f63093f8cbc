"""Write `recording.svg`: a real first deploy and fire drill on the local target, as a terminal.

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
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pyte
from rich.console import Console
from rich.style import Style
from rich.text import Text

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "recording.svg"
COLUMNS = 88
LINES = 500  # all that a command prints: nothing scrolls away
COMMANDS = (
    "tt-ops --target local deploy --yes",
    "tt-ops local confirm",
    "tt-ops --target local trigger-error --wait",
)
# Lines of a long list, of which the first few are shown.
_RESOURCE = re.compile(r"^\s+(?:\+ create|✓ created)")
_SHOWN = 3


def main() -> None:
    """Record and draw."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
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
        finally:
            _run("tt-ops local down", project)
    picture = console.export_svg(title="tt-ops", unique_id="recording")
    # The fonts that rich names would be fetched from the web.
    PICTURE.write_text(re.sub(r"@font-face {.*?}\s*", "", picture, flags=re.S), "utf-8")


def _run(command: str, directory: Path) -> list[Text]:
    """Return the lines that a command leaves on a terminal."""
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(screen)
    program = Path(sys.executable).with_name("tt-ops")
    environment = {**os.environ, "TERM": "xterm-256color"}
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    words = [str(program), *command.split()[1:]]
    with subprocess.Popen(  # nosec B603 # the commands above
        words, cwd=directory, env=environment, stdin=writer, stdout=writer, stderr=writer
    ) as process:
        os.close(writer)
        # On Linux, reading fails when the other end is closed.
        with suppress(OSError):
            while received := os.read(reader, 65536):
                stream.feed(received)
    os.close(reader)
    lines = [_line(screen.buffer[row]) for row in range(LINES)]
    while lines and not lines[-1].plain:
        lines.pop()
    if process.returncode:
        sys.exit(f"{command} failed:\n" + "\n".join(line.plain for line in lines))
    return lines


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
