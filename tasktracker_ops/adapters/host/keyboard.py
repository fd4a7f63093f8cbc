"""Single keys of a terminal."""

from __future__ import annotations

import os
import select
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

_CONTROL_CHARACTERS = 6  # their place in the terminal's attributes
_END = "q"


@contextmanager
def single_keys(terminal: TextIO) -> Iterator[Callable[[float | None], str]]:
    """Yield a function that waits up to some seconds for a key; it returns nothing for none.

    The terminal echoes nothing, and Ctrl-Z does not suspend; afterwards it is as it was. Keys of
    several characters, such as arrows, are none. A terminal that was closed counts as `q`.
    """
    descriptor = terminal.fileno()
    before = termios.tcgetattr(descriptor)

    def read(seconds: float | None) -> str:
        if not select.select([descriptor], [], [], seconds)[0]:
            return ""
        typed = os.read(descriptor, 64).decode(errors="ignore")
        return "" if typed.startswith("\x1b") else typed[:1] or _END

    try:
        tty.setcbreak(descriptor, termios.TCSADRAIN)
        attributes = termios.tcgetattr(descriptor)
        attributes[_CONTROL_CHARACTERS][termios.VSUSP] = b"\0"
        termios.tcsetattr(descriptor, termios.TCSADRAIN, attributes)
        yield read
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
