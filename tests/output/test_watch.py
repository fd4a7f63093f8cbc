"""The screen of `watch`."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from tasktracker_ops.errors import Problem
from tasktracker_ops.models.dashboard import WidgetSummary
from tasktracker_ops.models.emulator import Inbox, InboxMessage
from tasktracker_ops.models.log import LogEvent
from tasktracker_ops.models.overview import Snapshot
from tasktracker_ops.output.screen import Screen
from tasktracker_ops.output.watch import frame
from tasktracker_ops.settings import Settings

from .test_dashboard import metric, over
from .test_status import STATUS

EVENTS = tuple(
    LogEvent(f"2026-01-01T10:00:{n:02}.000Z", "s", f"event {n} {'x' * 200}\nsecond")
    for n in range(60)
)
MAIL = InboxMessage(1, "2026-01-01T10:00:00.000Z", "f", "t", "ALARM: it fired", "", None)
SNAPSHOT = Snapshot(
    target="the local target",
    environment="default",
    status=STATUS,
    status_at="2026-01-01T10:00:00.000Z",
    metrics=over(60, WidgetSummary("Errors", (metric(*range(60), last=59),))),
    events=EVENTS,
    errors_only=False,
    inbox=Inbox((MAIL,)),
    problems=(Problem("x", "the log cannot be read", "look: tt-ops logs"),),
)
NOTHING = Snapshot("AWS in eu-west-3", "staging", None, None, None, (), False, None, ())


def draw(snapshot: Snapshot, width: int, height: int) -> list[str]:
    """Return the lines of a terminal."""
    console = Console(file=io.StringIO(), width=width, height=height, color_system=None)
    screen: Any = Screen(Settings(), {})
    console.print(frame(snapshot, screen, width, height), end="")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().rstrip("\n").splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (200, 60)])
def test_the_screen_is_filled_and_nothing_wraps(width: int, height: int) -> None:
    """The newest lines of the log are above the keys."""
    lines = draw(SNAPSHOT, width, height)
    assert len(lines) == height
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    for part in ("Task Tracker, default, on the local target", "unhealthy", "OK", "release", "90%"):
        assert part in text
    for part in ("Metrics", "Alarms", "Inbox (1)", "ALARM: it fired", "▁", "tt-ops logs"):
        assert part in text
    assert "event 59" in lines[-2]
    assert "second" not in text
    assert lines[-2].rstrip().endswith("…")
    assert " ".join(lines[-1].split()) == "d drill o open r rollback l errors only q quit"


def test_errors_alone_have_their_tracebacks() -> None:
    """The same key then shows all of the log."""
    text = "\n".join(draw(replace(SNAPSHOT, errors_only=True), 80, 24))
    assert "Log, errors only" in text
    assert "l all of the log" in text
    assert "second" in text


def test_a_part_that_was_not_read_yet_is_marked() -> None:
    """Mail that leaves the target has no section."""
    text = "\n".join(draw(NOTHING, 80, 24))
    assert text.count("reading …") == 3
    assert "Inbox" not in text
