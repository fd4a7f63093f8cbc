"""The user's browser."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Mapping

_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")


def open_page(url: str, environment: Mapping[str, str]) -> bool:
    """Open a page; return False without a browser, or without a display."""
    # Without a display, Python would start a text browser in the terminal.
    if sys.platform == "linux" and not any(environment.get(name) for name in _DISPLAYS):
        return False
    return webbrowser.open(url)
