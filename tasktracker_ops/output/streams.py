"""The standard streams: are they terminals, and what to do when one is closed."""

from __future__ import annotations

import os
import sys
from contextlib import suppress


def can_ask() -> bool:
    """Return whether a user can be asked, and sees stderr, which has the question."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def replace_closed_streams() -> None:
    """Open /dev/null in place of each stream that the caller closed (`2>&-`)."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115  # stays open
            setattr(sys, name, stream)


def discard_broken_streams() -> None:
    """Redirect each stream whose reader has closed it to /dev/null."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), stream.fileno())
