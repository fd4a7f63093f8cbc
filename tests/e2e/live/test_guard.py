"""A plan that would delete data shows that first; a deploy refuses it unless it is named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.conftest import Clone

pytestmark = pytest.mark.extended  # tests/workflows refuses the same plans
TABLE = "aws_dynamodb_table.tasks"
RENAMED = {"TT_OPS_TABLE_NAME": "Renamed"}


def refused(clone: Clone, *arguments: str, **environment: str) -> dict[str, Any]:
    """Run a deploy that has to be refused; return the error."""
    result = clone.run("deploy", "--yes", *arguments, "--output", "json", **environment)
    assert result.returncode == 1, result.stdout + result.stderr
    error: dict[str, Any] = json.loads(result.stderr)["error"]
    return error


def titles(clone: Clone) -> list[str]:
    """Return the titles of all tasks."""
    return [task["title"] for task in clone.read("tasks", "list")]


@pytest.fixture
def task(live: Clone) -> str:
    """Add a task; return its title."""
    live.succeed("tasks", "add", "first")
    return "first"


def test_plan_shows_a_loss_first(live: Clone) -> None:
    """A plan names a loss above all changes; its exit code is that of changes."""
    shown = live.run("plan", "--detailed-exitcode", **RENAMED)
    assert shown.returncode == 2
    assert shown.stdout.startswith(f"! '{TABLE}' ('TaskTable') would be deleted and created again")


def test_yes_does_not_allow_a_loss(live: Clone, task: str) -> None:
    """A deploy with --yes is refused; the hint is what was typed with one more flag."""
    error = refused(live, **RENAMED)
    assert error["code"] == "would-destroy"
    assert error["hint"].endswith(f"tt-ops deploy --yes --output json --allow-destroy {TABLE}")
    assert task in titles(live)
