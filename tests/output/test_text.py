"""The building blocks of texts: escaping and times."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.task import RemoveResult, Task, TaskList
from tasktracker_ops.models.times import timestamp
from tasktracker_ops.output.console import Console
from tasktracker_ops.output.text import ago
from tasktracker_ops.settings import Settings

HOSTILE = "\x1b[2J\x1b]0;title\x07\rover\x9b31m\u202ereversed\ud800\x7f"


@pytest.mark.parametrize("kind", ["task", "tasks", "json", "error", "hint", "note", "removed"])
def test_control_characters_never_reach_the_terminal(
    capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """Escape sequences, controls and changes of direction are printed escaped."""
    task = Task(HOSTILE, title=HOSTILE, description=HOSTILE, status=HOSTILE)
    console = Console(Settings(output="json" if kind == "json" else "table"))
    if kind in {"error", "hint"}:
        console.error(TtOpsError("x", HOSTILE, hint=f"try: curl {HOSTILE}"))
    elif kind == "note":
        console.note(HOSTILE)
    else:
        results = {"tasks": TaskList((task,)), "removed": RemoveResult(HOSTILE)}
        console.emit(results.get(kind, task))
    text = "".join(capsys.readouterr())
    assert not set(text) & set("\x1b\x07\r\x9b\u202e\ud800\x7f")
    assert "over" in text
    if kind == "json":
        assert json.loads(text)["title"] == HOSTILE
    else:
        assert "\\x1b[2J" in text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-3, "0 s"), (59, "59 s"), (60, "1 min"), (7199, "119 min"), (7200, "2 h"), (172800, "2 d")],
)
def test_a_time_is_shown_relative_to_now(seconds: float, words: str) -> None:
    """The unit depends on the distance."""
    then = timestamp(datetime.now(UTC) - timedelta(seconds=seconds))
    assert ago(then) == f"{words} ago"


def test_an_invalid_time_is_returned_as_it_is() -> None:
    """The holder of a lock may have written any text."""
    assert ago("yesterday") == "yesterday"
