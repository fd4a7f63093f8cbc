"""The user's text editor."""

from __future__ import annotations

import os
import shlex
import subprocess  # nosec B404 # the user's editor
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tasktracker_ops.errors import ConfigurationError, TtOpsError


class Editor:
    """Lets the user edit a text."""

    def __init__(self, command: str) -> None:
        """`command` is as in `$EDITOR`, such as `code --wait`."""
        self._command = command

    def edit(self, text: str) -> str:
        """The text as the user left it.

        It stands in a file that only the user can read, and which is gone afterwards, as is what
        the editor puts beside it. Raises ConfigurationError `editor-missing`, or TtOpsError
        `editor-failed` when the editor says that the text is not to be used.
        """
        with TemporaryDirectory(prefix="tt-ops-") as folder:  # mode 0700
            file = Path(folder) / "task.txt"
            content = text.encode(errors="surrogatepass")
            with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as new:
                new.write(content)
            try:
                # Our own results may go to a pipe; the terminal is where errors go.
                command = [*self._words(), str(file)]
                code = subprocess.run(command, stdout=sys.stderr).returncode  # nosec B603 # no shell
            except OSError as error:
                raise self._missing(error.strerror or "it cannot be run") from error
            if code != 0:
                raise TtOpsError(
                    "editor-failed",
                    f"the editor {self._command!r} ended with {code}: nothing was changed",
                    hint="take another one, and edit again: export EDITOR=nano",
                )
            return file.read_bytes().decode(errors="replace")

    def _words(self) -> list[str]:
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
