"""A plan, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from tasktracker_ops.models.code import CodeChange

from .examples import EMPTY_PLAN, PLAN

PROVEN = CodeChange("12", "3f2c1a9d" * 5, "proven")


def test_a_plan_lists_its_changes_and_counts(show: Callable[..., str]) -> None:
    """Each change has a sign, and the counts come last."""
    lines = show(PLAN).splitlines()
    assert "~ update  aws_lambda_function.tracker" in lines
    assert "± replace aws_dynamodb_table.tasks" in lines
    assert lines[-1] == "Plan: 1 to add, 1 to change, 1 to destroy."


@pytest.mark.parametrize(
    ("code", "line"),
    [
        (CodeChange(None, added=("a.py", "b.py")), "the first release, 2 files"),
        (
            replace(PROVEN, other_package=True, changed=("a.py", "b.py"), removed=("c.py",)),
            "release 12 (3f2c1a9) → 2 files changed, 1 removed: a.py, b.py, c.py",
        ),
        (
            replace(PROVEN, other_package=True, changed=tuple("abcdef")),
            "release 12 (3f2c1a9) → 6 files changed",
        ),
        (replace(PROVEN, other_package=True), "release 12 (3f2c1a9) → another package"),
        (
            replace(PROVEN, outcome="failed", configuration=("memory_size",)),
            "release 12 (3f2c1a9), failed, → another configuration: memory_size",
        ),
        (CodeChange("7"), "release 7 is unproven, and is checked again"),
    ],
)
def test_a_plan_says_what_is_released(
    show: Callable[..., str], code: CodeChange, line: str
) -> None:
    """Apart from the infrastructure, and also where that stays as it is."""
    plan = replace(EMPTY_PLAN, code=code)
    assert not plan.empty
    assert f"code: {line}" in show(plan).splitlines()
    assert "Code: release" in show(plan, output="markdown") or code.release is None
    assert show(replace(PLAN, code=code)).splitlines()[-1].startswith("Plan: 1 to add, 1 to change")


def test_a_plan_has_the_code_in_json(show: Callable[..., str]) -> None:
    """`changes` are the infrastructure's, `code` is what a release would change."""
    plan = json.loads(show(replace(EMPTY_PLAN, code=PROVEN), output="json"))
    assert (plan["changes"], plan["code"]["release"]) == ([], "12")


def test_code_that_is_live_and_proven_is_no_change(show: Callable[..., str]) -> None:
    """Then the plan is empty, and says so."""
    plan = replace(EMPTY_PLAN, code=PROVEN)
    assert plan.empty
    assert "No changes" in show(plan)
    assert "no changes" in show(plan, output="markdown")


def test_an_empty_plan_says_so(show: Callable[..., str]) -> None:
    """The text is one sentence."""
    assert show(EMPTY_PLAN) == "No changes: the deployment matches the project.\n"
