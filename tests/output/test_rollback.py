"""Rollbacks as text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tasktracker_ops.models.release import ReleaseResult
from tasktracker_ops.models.rollback import Rollback, RollbackResult, file_changes
from tasktracker_ops.output.rollback import rollback_question

from .test_release import LIVE, OLD

CHANGES = file_changes(
    {"a.py": "1", "b.py": "2", "d.py": "4"}, {"a.py": "1", "b.py": "3", "c": "5"}
)


def test_a_rollback_says_what_differs(show: Callable[..., str]) -> None:
    """And that the next deploy rolls forward."""
    planned = Rollback(LIVE, OLD, CHANGES)
    result = ReleaseResult("9", "12", "proven", "passed", changed=True)
    assert show(RollbackResult(planned, result), target="local").splitlines() == [
        "Release 9 is live: no commit, proven, released 2 d ago. Checks: passed.",
        "Compared with release 12 (3f2c1a9 + changes), 3 files differ:",
        "  ~ b.py",
        "  + c",
        "  - d.py",
        "The next deploy rolls forward to the code of the project: tt-ops --target local deploy",
    ]
    assert rollback_question(replace(planned, changes=())) == (
        "Release 12 (3f2c1a9 + changes) is live. Let release 9 (no commit, failed, 2 d ago) serve "
        "instead; no file differs?"
    )
