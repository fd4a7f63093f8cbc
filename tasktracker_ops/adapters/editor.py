"""The user's text editor."""

from __future__ import annotations

import shlex
import signal
import subprocess  # nosec B404 # the user's editor
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

from tasktracker_ops.errors import ConfigurationError, TtOpsError


class Editor:
    """Lets the user edit a text."""

    def __init__(self, command: str) -> None:
        """`command` is as in `$EDITOR`, such as `code --wait`."""
        self._command = command

    def edit(self, text: bytes) -> bytes:
        """The text as the user left it.

        It stands in a file that only the user can read, and which is gone afterwards, as is what
        the editor puts beside it. Raises ConfigurationError `editor-missing`, or TtOpsError
        `editor-failed` when the editor says that the text is not to be used.
        """
        with TemporaryDirectory(prefix="tt-ops-") as folder:  # mode 0700
            file = Path(folder) / "task.txt"
            file.touch(mode=0o600)
            file.write_bytes(text)
            try:
                code = _run([*self._words(), str(file)])
            except OSError as error:
                raise self._missing(error.strerror or "it cannot be run") from error
            left = file.read_bytes() if file.is_file() else b""
            if code != 0:
                kept = "" if left in (b"", text) else f", and the text is kept in {self.keep(left)}"
                raise TtOpsError(
                    "editor-failed",
                    f"the editor {self._command!r} ended with {code}: nothing was changed{kept}",
                    hint="take another one, and edit again: export EDITOR=nano",
                )
            return left

    def keep(self, text: bytes) -> Path:
        """A new file with a text, which only the user can read, and which stays."""
        with NamedTemporaryFile(prefix="tt-ops-task-", suffix=".txt", delete=False) as file:
            file.write(text)
        return Path(file.name)

    def _words(self) -> list[str]:
        if Path(self._command).is_file():  # a path may have spaces
            return [self._command]
        try:
            words = shlex.split(self._command)
        except ValueError as error:
            raise self._missing(str(error)) from error
        if not words:
            raise self._missing("it is empty")
        return words

    def _missing(self, why: str) -> ConfigurationError:
        return ConfigurationError(
            "editor-missing",
            f"{self._command!r} is no editor: {why}",
            hint="name one that is installed: export EDITOR=nano",
        )


def _run(command: Sequence[str]) -> int:
    """Run an editor; Ctrl-C is its own affair, and does not end us."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        # Our own results may go to a pipe; the terminal is where errors go.
        return subprocess.run(command, stdout=sys.stderr).returncode  # nosec B603 # no shell
    finally:
        signal.signal(signal.SIGINT, before)
