"""What a plan would lose or open is said first, and not done unless it is named.

The tests build on each other: each goes on with the deployment that the one before left.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import Clone

TABLE = "aws_dynamodb_table.tasks"
RENAMED = {"TT_OPS_TABLE_NAME": "Renamed"}


def refused(clone: Clone, *arguments: str, **environment: str) -> dict[str, Any]:
    """Deploy, which has to be refused; returns the error."""
    result = clone.run("deploy", "--yes", *arguments, "--output", "json", **environment)
    assert result.returncode == 1, result.stdout + result.stderr
    error: dict[str, Any] = json.loads(result.stderr)["error"]
    return error


def titles(clone: Clone) -> list[str]:
    """What tasks there are."""
    return [task["title"] for task in clone.read("tasks", "list")]


@pytest.fixture(scope="module")
def live(clone: Clone) -> Clone:
    """A deployment with a task that is worth something."""
    clone.succeed("deploy", "--yes")
    clone.succeed("tasks", "add", "precious")
    return clone


def test_a_plan_shows_the_loss_first(live: Clone) -> None:
    """In bold in the comment, above all changes in the text; the exit code is that of changes."""
    lines = live.succeed("plan", "--output", "markdown", **RENAMED).splitlines()
    assert lines[0] == "<!-- tt-ops plan default -->"
    first = next(line for line in lines[2:] if line)
    assert first.startswith(
        f"**🛑 `{TABLE}` (`TaskTable`) would be deleted and made anew, as `name`"
    )
    assert f"--allow-destroy {TABLE}" in first
    shown = live.run("plan", "--detailed-exitcode", **RENAMED)
    assert shown.returncode == 2
    assert shown.stdout.startswith(f"! '{TABLE}' ('TaskTable') would be deleted and made anew")


def test_agreeing_to_everything_does_not_agree_to_a_loss(live: Clone) -> None:
    """Nothing was changed, and the hint is what was typed with one more flag."""
    error = refused(live, **RENAMED)
    assert error["code"] == "would-destroy"
    assert error["hint"].endswith(f"tt-ops deploy --yes --output json --allow-destroy {TABLE}")
    assert refused(live, "--allow-destroy", "aws_sns_topic.alerts", **RENAMED) == {
        **error,
        "hint": error["hint"].replace(
            "--output", "--allow-destroy aws_sns_topic.alerts --output", 1
        ),
    }
    assert titles(live) == ["precious"]
    assert "No changes" in live.succeed("plan")


def test_what_is_named_goes(live: Clone) -> None:
    """Deletion protection or not; what was named in vain before is only remarked upon."""
    allowed = ("--allow-destroy", TABLE)
    live.succeed("deploy", "--yes", *allowed, **RENAMED)
    assert live.read("outputs")["table_name"] == "Renamed"
    assert titles(live) == []
    again = live.run("deploy", "--yes", *allowed, **RENAMED)
    assert again.returncode == 0
    assert f"--allow-destroy '{TABLE}' changes nothing" in again.stderr
