"""Checks run side by side, in the order of what they need, and none stops the others."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tasktracker_ops.errors import ConfigurationError, TtOpsError
from tasktracker_ops.models.doctor import Diagnosis
from tasktracker_ops.workflows.doctor.check import (
    CheckSpec,
    Examination,
    NotApplicable,
    Outcome,
    failed,
    ok,
    warning,
)
from tasktracker_ops.workflows.doctor.runner import CHECKS, doctor

APP: Any = SimpleNamespace(report=SimpleNamespace(doing=lambda what: None))
ROOT = Path(__file__).parents[3]


def raising(error: Exception) -> Callable[[Examination], Outcome]:
    """Return a check that raises an error."""

    def look(examined: Examination) -> Outcome:
        raise error

    return look


def states(result: Diagnosis) -> dict[str, tuple[str, str]]:
    """Return state and detail of each check by its name."""
    return {check.name: (check.state, check.detail) for check in result.checks}


def test_a_check_waits_for_those_that_it_needs() -> None:
    """Those that depend on a failed one are skipped, and name the first cause."""
    specs = [
        CheckSpec("c", lambda examined: ok("c"), ("b",)),
        CheckSpec("b", lambda examined: ok("b"), ("a",)),
        CheckSpec("a", lambda examined: failed("broken", "fix it: tt-ops deploy"), ()),
        CheckSpec("d", lambda examined: warning("odd", "see: tt-ops status"), ()),
        CheckSpec("e", lambda examined: ok("e"), ("d",)),
    ]
    result = doctor(APP, specs)
    assert states(result) == {
        "c": ("skipped", "needs 'a'"),
        "b": ("skipped", "needs 'a'"),
        "a": ("failed", "broken"),
        "d": ("warning", "odd"),
        "e": ("ok", "e"),
    }
    assert result.failed
    assert not doctor(APP, specs[3:]).failed


def test_independent_checks_run_at_once() -> None:
    """Each waits here for the other one."""
    meet = threading.Barrier(2, timeout=10)

    def look(examined: Examination) -> Outcome:
        meet.wait()
        return ok("met")

    result = doctor(APP, [CheckSpec(name, look, ()) for name in "ab"])
    assert set(states(result).values()) == {("ok", "met")}


def test_an_error_of_a_check_is_its_failure() -> None:
    """What may not be read is a warning; a bug is named; what does not apply is skipped."""
    denied = ConfigurationError("aws-access-denied", "may not", hint="whose: aws sts")
    result = doctor(
        APP,
        [
            CheckSpec("error", raising(TtOpsError("x", "broken", hint="fix: tt-ops deploy")), ()),
            CheckSpec("denied", raising(denied), ()),
            CheckSpec("bug", raising(KeyError("x")), ()),
            CheckSpec("nothing", raising(NotApplicable("no project")), ()),
        ],
    )
    assert states(result) == {
        "error": ("failed", "broken"),
        "denied": ("warning", "not checked: may not"),
        "bug": ("failed", "a bug in this check: KeyError: 'x'"),
        "nothing": ("skipped", "no project"),
    }
    assert result.checks[0].fix == "fix: tt-ops deploy"


def test_nothing_is_waited_for_without_a_limit() -> None:
    """What has no result by then has failed, and all others are reported."""
    end = threading.Event()

    def wait(examined: Examination) -> Outcome:
        end.wait(10)
        return ok("late")

    specs = [
        CheckSpec("slow", wait, ()),
        CheckSpec("after", lambda examined: ok(""), ("slow",)),
        CheckSpec("fast", lambda examined: ok("fast"), ()),
    ]
    try:
        found = states(doctor(APP, specs, limit=0.1))
    finally:
        end.set()
    assert found == {
        "slow": ("failed", "no result within 0 s"),
        "after": ("skipped", "needs 'slow'"),
        "fast": ("ok", "fast"),
    }


def test_the_documentation_has_every_check() -> None:
    """In the order of the program; and each needs only checks that there are."""
    page = (ROOT / "docs" / "doctor.md").read_text()
    names = [check.name for check in CHECKS]
    assert re.findall(r"^\| `([\w -]+)` \|", page, re.M) == names
    assert len(set(names)) == len(names)
    assert {need for check in CHECKS for need in check.needs} <= set(names)
