"""The process's own streams when their other end is closed."""

from __future__ import annotations

import os
import sys
from contextlib import suppress


def can_ask() -> bool:
    """Whether somebody is there to ask, who also sees what the question is about."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def replace_closed() -> None:
    """Open /dev/null in place of each stream that the caller closed (`2>&-`)."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115  # for good
            setattr(sys, name, stream)


def abandon_broken() -> None:
    """Send what could not be printed, and all that follows it, to /dev/null."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), stream.fileno())
