"""The address of the console as text."""

from __future__ import annotations

from tasktracker_ops.models.overview import ConsoleAddress

from .results import text
from .screen import Screen


@text.register
def _(result: ConsoleAddress, screen: Screen) -> str:
    opened = "a browser shows it" if result.opened else "open it in a browser"
    return f"{result.url}\n\nThe console is served until Ctrl-C; {opened}."
