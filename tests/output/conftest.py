"""Fixtures of the tests of the output.

- `show`: prints a result as the console does, and returns its standard output.
- `show_on_terminal`: the same on a terminal of 80 columns; a list of results is redrawn.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tasktracker_ops.output.console import Console
from tasktracker_ops.settings import Settings


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """Return that it is a terminal."""
        return True


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Print a result and return standard output; nothing may be on standard error."""

    def show(result: Any, **settings: Any) -> str:
        Console(Settings(**settings)).emit(result)
        out, err = capsys.readouterr()
        assert err == ""
        return out

    return show


@pytest.fixture
def show_on_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Print a result on a terminal of 80 columns and return what was written to it."""

    def show(result: Any, **settings: Any) -> str:
        terminal = Terminal()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", terminal)
            patch.setenv("COLUMNS", "80")
            console = Console(Settings(**settings))
            (console.redraw if isinstance(result, list) else console.emit)(result)
        return terminal.getvalue()

    return show


@pytest.fixture
def stderr_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Terminal]:
    """Make standard error a terminal from the call on; pytest replaces it before each phase."""

    def replace() -> Terminal:
        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        return terminal

    return replace
