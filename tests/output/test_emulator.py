"""The emulator as text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tasktracker_ops.models.emulator import Contents, Persistence, ResetResult, StopResult

from .examples import EMULATOR

PERSISTENT = replace(
    EMULATOR,
    persistence=Persistence("2026-01-01T00:00:00Z", True, ("sqs in eu-west-3: no pickle",)),
)


def test_a_running_emulator_says_where_it_is(show: Callable[..., str]) -> None:
    """The text has its console, its process, its log, and whether its version differs."""
    text = show(EMULATOR)
    for part in ("an AWS emulator", "http://127.0.0.1:4580/_tt-ops/", "4711", "/p/server.log"):
        assert part in text
    assert "0.1.0+0a1b2c3d, not the version of this tt-ops" in text


def test_a_persistent_emulator_says_how_old_its_snapshot_is(show: Callable[..., str]) -> None:
    """And whether it lacks something, or failed."""
    assert "no: what it holds ends with it" in show(EMULATOR)
    assert "yes: its snapshot was taken" in show(PERSISTENT)
    assert "without sqs in eu-west-3" in show(PERSISTENT)
    failed = replace(PERSISTENT, persistence=Persistence(None, False, problem="disk full"))
    assert "no: the last snapshot failed: disk full" in show(failed)


def test_stopping_says_what_is_lost_or_kept(show: Callable[..., str]) -> None:
    """Nothing is lost of an emulator that persists."""
    lost = Contents({"functions": 1, "tables": 2, "items": 0})
    assert show(StopResult(EMULATOR, lost)).endswith("discarded: 1 function, 2 tables.\n")
    assert "its data is kept" in show(StopResult(PERSISTENT))
    assert "everything it held was deleted" in show(ResetResult(EMULATOR, ("snapshot",)))
    assert show(ResetResult(None, ())) == "The local target held nothing.\n"


def test_stopping_says_whether_it_was_running(show: Callable[..., str]) -> None:
    """Stopping an emulator that is not running is a success."""
    assert show(StopResult(EMULATOR)).startswith("Stopped the emulator at http://127.0.0.1:4580")
    assert show(StopResult(None)) == "The emulator was not running.\n"
