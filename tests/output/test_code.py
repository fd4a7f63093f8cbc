"""What became of a save, as one line and as JSON."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tasktracker_ops.errors import Problem
from tasktracker_ops.models.code import SaveResult
from tasktracker_ops.models.release import ReleaseResult

AT = "2026-01-01T12:00:00.000Z"
LIVE = ReleaseResult("13", "12", "proven", "passed", changed=True)
SAME = ReleaseResult("13", "13", "proven", "not needed", changed=False)
BROKEN = Problem("version-broken", "version 14 does not work", "see it: tt-ops logs --errors")


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (SaveResult(AT, ("api.py", "x.py"), 0.623, LIVE, None), "✓ release 13 is live (0.62 s): "),
        (SaveResult(AT, ("api.py",), 0.5, None, BROKEN), "✗ version 14 does not work (0.50 s): "),
        (SaveResult(AT, (), 0.1, SAME, None), " release 13 has this code"),
    ],
)
def test_a_save_is_one_line(show: Callable[..., str], result: SaveResult, line: str) -> None:
    """It has the time of the save, how long it took, and the files."""
    text = show(result)
    assert line in text
    assert text.count("\n") == 1
    assert text.endswith(", ".join(result.files) + "\n") or not result.files
    assert text[2::3][:2] == "::"
