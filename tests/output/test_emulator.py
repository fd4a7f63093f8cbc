"""The emulator, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

from tasktracker_ops.models.emulator import StopResult

from .examples import EMULATOR


def test_json_keys_are_stable(show: Callable[..., str]) -> None:
    """Scripts read them: a key may be added, but not removed or renamed."""
    keys = ["url", "port", "pid", "started_at", "log_path", "version", "same_version"]
    assert list(json.loads(show(EMULATOR, output="json"))) == keys
    assert list(json.loads(show(StopResult(EMULATOR), output="json"))) == ["server"]


def test_a_running_emulator_says_where_it_is(show: Callable[..., str]) -> None:
    """The text has its console, its process, its log, and whether its version differs."""
    text = show(EMULATOR)
    for part in ("an AWS emulator", "http://127.0.0.1:4580/_tt-ops/", "4711", "/p/server.log"):
        assert part in text
    assert "0.1.0+0a1b2c3d, not the version of this tt-ops" in text


def test_stopping_says_whether_it_was_running(show: Callable[..., str]) -> None:
    """Stopping an emulator that is not running is a success."""
    assert show(StopResult(EMULATOR)).startswith("Stopped the emulator at http://127.0.0.1:4580")
    assert show(StopResult(None)) == "The emulator was not running.\n"
