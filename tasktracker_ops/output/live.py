"""Live output on a terminal, drawn by rich; imported only when stderr or stdout is one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

_BAR = 24  # columns
_GAP = 1
_SHORT = 3  # seconds, before which nobody looks at a clock


class LiveLine:
    """The last line of a terminal, which each text overwrites; a clock runs at its end."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream)
        self._started = time.monotonic()
        self._live: Live | None = None
        self._text: Callable[[], str] = str
        self._done, self._total = 0, 0

    def show(self, text: Callable[[], str], done: int = 0, total: int | None = None) -> None:
        """Draw what `text` returns, cut to the width, and a progress bar if there is a `total`.

        It is drawn again every second until the next text, or until the line is removed.
        """
        self._text, self._done, self._total = text, done, total or 0
        if self._live is None:
            self._live = _live(self._console, redraw=self._line)
            self._live.start()
        self._live.refresh()

    def clear(self) -> None:
        """Remove the line."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _line(self) -> Table:
        minutes, seconds = divmod(int(time.monotonic() - self._started), 60)
        clock = Text(f"{minutes}:{seconds:02}" if minutes or seconds >= _SHORT else "", "dim")
        bar = (
            ProgressBar(total=self._total, completed=self._done, width=_BAR) if self._total else ""
        )
        room = self._console.width - (_BAR if self._total else 0) - clock.cell_len - 2 * _GAP
        text = Text(self._text(), "dim")
        text.truncate(max(room, 1), overflow="ellipsis")
        line = Table.grid(padding=(0, _GAP))
        line.add_column(no_wrap=True)
        line.add_row(text, bar, clock)
        return line


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


@contextmanager
def full_screen(
    stream: TextIO, *, color: bool
) -> Iterator[Callable[[Callable[[int, int], RenderableType]], None]]:
    """Yield a function that draws over the whole terminal, until the block is left.

    It takes what returns the content for a width and a height.
    """
    console = Console(file=stream, no_color=not color)
    with _live(console, screen=True) as live:

        def draw(content: Callable[[int, int], RenderableType]) -> None:
            live.update(content(*console.size), refresh=True)

        yield draw


def _live(
    console: Console,
    *,
    screen: bool = False,
    redraw: Callable[[], RenderableType] | None = None,
) -> Live:
    return Live(
        console=console,
        screen=screen,
        transient=True,
        get_renderable=redraw,
        # A thread refreshes: a question clears the line before it.
        auto_refresh=redraw is not None,
        refresh_per_second=1,
        redirect_stdout=False,
        redirect_stderr=False,
    )
