"""`watch` on a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.conftest import TT_OPS, Clone

_ENTER, _LEAVE = "\x1b[?1049h", "\x1b[?1049l"
_SECONDS = 30


class Terminal:
    """A terminal of 80 by 24 on which `watch` runs."""

    def __init__(self, keyboard: int, process: subprocess.Popen[bytes]) -> None:
        self._keyboard = keyboard
        self.process = process
        self.text = ""

    def type(self, keys: str) -> None:
        """Type keys."""
        os.write(self._keyboard, keys.encode())

    def wait_for(self, *parts: str) -> None:
        """Read until all parts were drawn after this call."""
        start, end = len(self.text), time.monotonic() + _SECONDS
        while not all(part in self.text[start:] for part in parts):
            left = end - time.monotonic()
            assert select.select([self._keyboard], [], [], max(left, 0))[0], self.text[start:]
            try:
                self.text += os.read(self._keyboard, 65536).decode(errors="replace")
            except OSError:
                break
        assert all(part in self.text[start:] for part in parts), self.text[start:]


@contextmanager
def watching(live: Clone) -> Iterator[Terminal]:
    """Run `watch`; at the end its terminal is as it was before."""
    keyboard, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    before = termios.tcgetattr(terminal)
    with subprocess.Popen(
        [TT_OPS, "watch"],
        cwd=live.path,
        env={**live.environment, "TERM": "xterm"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    ) as process:
        try:
            shown = Terminal(keyboard, process)
            yield shown
            shown.wait_for(_LEAVE)
            process.wait(_SECONDS)
        finally:
            process.kill()
    assert termios.tcgetattr(terminal) == before
    os.close(terminal)
    os.close(keyboard)


def test_the_screen_shows_the_service_and_takes_keys(live: Clone) -> None:
    """A rollback is asked about; what cannot be done is said, and the screen comes back."""
    with watching(live) as shown:
        shown.wait_for(_ENTER, "healthy", "LambdaErrorAlarm", "Invocations", "Inbox (")
        shown.type("l")
        shown.wait_for("all of the log")
        shown.type("r")
        shown.wait_for(_LEAVE, "there is no proven release before", "Press any key")
        shown.type(" ")
        shown.wait_for(_ENTER)
        shown.type("q")
    assert shown.process.returncode == 0


def test_a_signal_leaves_the_terminal_as_it_was(live: Clone) -> None:
    """The exit code is that of an interrupt, and nothing is said about it."""
    with watching(live) as shown:
        shown.wait_for(_ENTER, "healthy")
        shown.process.send_signal(signal.SIGINT)
    assert shown.process.returncode == 130
    assert "Error:" not in shown.text


def test_without_a_terminal_there_is_a_hint(live: Clone) -> None:
    """A pipe gets the status once."""
    result = live.run("watch")
    assert result.returncode == 2
    assert result.stderr.endswith("status\n")
