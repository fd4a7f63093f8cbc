"""Live output on a terminal, drawn by rich; imported only when stderr or stdout is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

_BAR = 24  # columns


class LiveLine:
    """The last line of a terminal, which each text overwrites."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream)
        self._live: Live | None = None

    def show(self, text: str, done: int = 0, total: int | None = None) -> None:
        """Draw the text, cut to the terminal's width, and a progress bar if there is a `total`."""
        line = Table.grid(padding=(0, 1))
        line.add_column(no_wrap=True, overflow="ellipsis", style="dim")
        line.add_column(no_wrap=True)
        bar = ProgressBar(total=total, completed=done, width=_BAR) if total else ""
        line.add_row(Text(text), bar)
        if self._live is None:
            self._live = _live(self._console)
            self._live.start()
        self._live.update(line, refresh=True)

    def clear(self) -> None:
        """Remove the line."""
        if self._live is not None:
            self._live.stop()
            self._live = None


@contextmanager
def live_screen(stream: TextIO) -> Iterator[Callable[[str], None]]:
    """Yield a function that draws a text on the terminal's alternate screen.

    Texts may have ANSI colours. One that is too high for the screen is cut, and ends with `…`.
    """
    console = Console(file=stream)
    with _live(console, screen=True) as live:

        def draw(text: str) -> None:
            lines = list(Text.from_ansi(text).wrap(console, console.width))
            if len(lines) > console.height:
                lines[console.height - 1 :] = [Text("…")]
            live.update(Text("\n").join(lines), refresh=True)

        yield draw


def _live(console: Console, *, screen: bool = False) -> Live:
    # No refreshing thread: it would draw over a question.
    return Live(
        console=console,
        screen=screen,
        transient=True,
        auto_refresh=False,
        redirect_stdout=False,
        redirect_stderr=False,
    )
