"""Recognise this machine by a host name."""

from __future__ import annotations

import re

_LOOPBACK = re.compile(r"(127\.0\.0\.1|\[::1\]|([a-z0-9.-]+\.)?localhost)(:\d+)?", re.I)


def is_loopback(host: str) -> bool:
    """Return whether `host[:port]` is this machine, by its spelling alone."""
    return _LOOPBACK.fullmatch(host) is not None
