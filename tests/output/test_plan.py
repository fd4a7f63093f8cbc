"""A plan, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

from .examples import EMPTY_PLAN, PLAN


def test_json_keys_are_stable(show: Callable[..., str]) -> None:
    """Scripts read them: a key may be added, but not removed or renamed."""
    plan = json.loads(show(PLAN, output="json"))
    assert list(plan) == [
        "add",
        "change",
        "destroy",
        "changes",
        "made_public",
        "drift",
        "fewer_shards",
        "adopted",
    ]
    change = plan["changes"][0]
    assert list(change) == [
        "address",
        "action",
        "type",
        "id",
        "attributes",
        "forced_by",
        "reason",
        "imported",
    ]
    assert (change["address"], change["action"]) == ("aws_lambda_function.tracker", "update")


def test_a_plan_lists_its_changes_and_counts(show: Callable[..., str]) -> None:
    """Each change has a sign, and the counts come last."""
    lines = show(PLAN).splitlines()
    assert "~ update  aws_lambda_function.tracker" in lines
    assert "± replace aws_dynamodb_table.tasks" in lines
    assert lines[-1] == "Plan: 1 to add, 1 to change, 1 to destroy."


def test_an_empty_plan_says_so(show: Callable[..., str]) -> None:
    """The text is one sentence."""
    assert show(EMPTY_PLAN) == "No changes: the deployment matches the project.\n"
