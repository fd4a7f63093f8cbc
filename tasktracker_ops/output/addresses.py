"""Addresses as text."""

from __future__ import annotations

from tasktracker_ops.models.addresses import Address, ConsoleAddress

from .results import text
from .screen import Screen
from .text import escape_control_characters


@text.register
def _(result: Address, screen: Screen) -> str:
    url = escape_control_characters(result.url)
    return f"The browser shows {url}" if result.opened else url


@text.register
def _(result: ConsoleAddress, screen: Screen) -> str:
    opened = "a browser shows it" if result.opened else "open it in a browser"
    return f"{result.url}\n\nThe console is served until Ctrl-C; {opened}."
