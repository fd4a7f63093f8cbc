"""Write `recording.svg`: a real first deploy and fire drill on the local target, as a terminal.

It runs the commands in a pseudo-terminal of its own, in a copy of the project, and takes two to
three minutes, most of which the drill's alarm needs to be OK again.
"""

from __future__ import annotations

import io
import os
import pty
import re
import shutil
import subprocess  # nosec B404 # runs tt-ops itself
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "recording.svg"
COLUMNS = 88
COMMANDS = (
    "tt-ops --target local deploy --yes",
    "tt-ops local confirm",
    "tt-ops --target local trigger-error --wait",
)
# Lines of a long list, of which the first few are shown.
_RESOURCE = re.compile(r"^\s+(?:\+ create|✓ created)")
_SHOWN = 3
# What moves the cursor instead of colouring: a line that is drawn again replaces itself.
_MOVES = re.compile(r"\x1b\[[0-9;?]*[A-HJKSThl]")


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
                    console.print(Text.from_ansi(line), overflow="fold")
                console.print()
        finally:
            _run("tt-ops local down", project)
    PICTURE.write_text(console.export_svg(title="tt-ops", unique_id="recording"), "utf-8")


def _run(command: str, directory: Path) -> list[str]:
    """Return the lines that a command leaves on a terminal."""
    program = Path(sys.executable).with_name("tt-ops")
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LINES": "50"}
    reader, writer = pty.openpty()
    words = [str(program), *command.split()[1:]]
    with subprocess.Popen(  # nosec B603 # the commands above
        words, cwd=directory, env=environment, stdin=writer, stdout=writer, stderr=writer
    ) as process:
        os.close(writer)
        output = b""
        while True:
            try:
                received = os.read(reader, 65536)
            except OSError:  # Linux: the other end is closed
                break
            if not received:
                break
            output += received
    os.close(reader)
    if process.returncode:
        sys.exit(f"{command} failed:\n{output.decode()}")
    text = output.decode().replace("\r\n", "\n")
    return [_MOVES.sub("", line.rpartition("\r")[2]) for line in text.splitlines()]


def _shown(lines: list[str]) -> list[str]:
    """Shorten lists of resources, and leave out lines that only moved."""
    shown: list[str] = []
    run = 0
    for line in lines:
        plain = Text.from_ansi(line).plain
        if not plain.strip() and (not shown or not shown[-1].strip()):
            continue
        run = run + 1 if _RESOURCE.match(plain) else 0
        if run <= _SHOWN:
            shown.append(line)
        elif run == _SHOWN + 1:
            shown.append("    …")
    return shown


if __name__ == "__main__":
    main()
