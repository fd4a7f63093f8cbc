"""Changes to the task table keep it and its tasks."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from .conftest import Clone

pytestmark = pytest.mark.extended
VARIABLES = {"TF_VAR_dynamodb_status_shards": "2"}


@pytest.fixture(scope="module")
def live(clone: Clone) -> Clone:
    """Deploy with two partitions per status, and add some tasks."""
    clone.succeed("deploy", "--yes", **VARIABLES)
    return clone


@pytest.fixture(scope="module")
def tasks(live: Clone) -> str:
    """Add five tasks; return the address of the list."""
    address = str(live.read("outputs")["api_url"]) + "/tasks"
    for _ in range(5):
        _add(address)
    return address


def _add(tasks: str) -> str:
    return str(requests.post(tasks, json={"title": "t"}, timeout=30).json()["task_id"])


def _listed_ids(tasks: str) -> list[str]:
    page = requests.get(tasks, {"limit": "100"}, timeout=30)
    return [task["task_id"] for task in page.json()]


def test_index_is_added_to_a_table_in_place(live: Clone, tasks: str) -> None:
    """A table from before the index gets it without being replaced, and its tasks are listed."""
    before = _listed_ids(tasks)
    assert before
    database = (live.path / "terraform/database.tf").read_text()
    (index,) = re.findall(r"(?ms)^  global_secondary_index {.*?^  }\n", database)
    attribute = '  attribute {\n    name = "status"\n    type = "S"\n  }\n'
    for block in (index, attribute):
        live.edit("terraform/database.tf", block, "")
    live.succeed("deploy", "--yes", "--checks", "none", **VARIABLES)
    assert requests.get(tasks, timeout=30).status_code == 500
    (live.path / "terraform/database.tf").write_text(database)
    planned = live.run("plan", "--output", "json", **VARIABLES)
    changes = {c["address"]: c["action"] for c in json.loads(planned.stdout)["changes"]}
    assert changes["aws_dynamodb_table.tasks"] == "update"
    assert set(changes.values()) == {"update"}
    live.succeed("deploy", "--yes", **VARIABLES)
    assert _listed_ids(tasks) == before


def test_partitions_are_added_by_a_variable(live: Clone, tasks: str) -> None:
    """Raising dynamodb_status_shards changes the function only; all tasks stay listed."""
    before = _listed_ids(tasks)
    grown = {**VARIABLES, "TF_VAR_dynamodb_status_shards": "3"}
    planned = live.run("plan", "--output", "json", **grown)
    assert {(c["address"], c["action"]) for c in json.loads(planned.stdout)["changes"]} == {
        ("aws_lambda_function.tracker", "update"),
        ("aws_lambda_alias.live", "update"),
    }
    live.succeed("deploy", "--yes", **grown)
    added = [_add(tasks) for _ in range(9)]
    assert _listed_ids(tasks) == [*added[::-1], *before]
