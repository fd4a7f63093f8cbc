"""How the tests of a group of checks make one of them.

- `run_check`: runs the check of a name on an application, and returns its outcome.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tasktracker_ops.models.doctor import Check
from tasktracker_ops.workflows.doctor.runner import CHECKS, doctor


@pytest.fixture
def run_check() -> Callable[[Any, str], Check]:
    """Run one check, whatever the others that it needs."""

    def run_check(app: Any, name: str) -> Check:
        (spec,) = (replace(spec, needs=()) for spec in CHECKS if spec.name == name)
        (check,) = doctor(app, [spec]).checks
        assert "a bug in this check" not in check.detail, check.detail
        return check

    return run_check
