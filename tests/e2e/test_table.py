"""Changes to the task table keep it and its tasks, and a loss takes its name.

The tests share one deployment, in this order: an index, partitions, another table.
"""

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
GROWN = {"TF_VAR_dynamodb_status_shards": "3"}
TABLE = "aws_dynamodb_table.tasks"


@pytest.fixture(scope="module")
def live(prepared: Clone) -> Clone:
    """Deploy with two partitions per status."""
    prepared.succeed("deploy", "--yes", **VARIABLES)
    return prepared


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
    assert changes[TABLE] == "update"
    assert set(changes.values()) == {"update"}
    live.succeed("deploy", "--yes", **VARIABLES)
    assert _listed_ids(tasks) == before


def test_partitions_are_added_by_a_variable(live: Clone, tasks: str) -> None:
    """Raising dynamodb_status_shards changes the function only; all tasks stay listed."""
    before = _listed_ids(tasks)
    planned = live.run("plan", "--output", "json", **GROWN)
    assert [(c["address"], c["action"]) for c in json.loads(planned.stdout)["changes"]] == [
        ("aws_lambda_function.tracker", "update")
    ]
    live.succeed("deploy", "--yes", **GROWN)
    added = [_add(tasks) for _ in range(9)]
    assert _listed_ids(tasks) == [*added[::-1], *before]


def test_a_table_is_replaced_only_if_it_is_named(live: Clone, tasks: str) -> None:
    """In spite of its protection from deletion; a plan shows the loss first."""
    before = _listed_ids(tasks)
    renamed = {**GROWN, "TT_OPS_TABLE_NAME": "Renamed"}
    planned = live.run("plan", "--detailed-exitcode", **renamed)
    assert planned.returncode == 2
    assert planned.stdout.startswith(
        f"! '{TABLE}' ('TaskTable') would be deleted and created again"
    )
    refused = live.run("deploy", "--yes", "--output", "json", **renamed)
    error = json.loads(refused.stderr)["error"]
    assert (refused.returncode, error["code"]) == (1, "would-destroy")
    assert error["hint"].endswith(f"deploy --allow-destroy {TABLE}")
    assert _listed_ids(tasks) == before
    allowed = ("deploy", "--yes", "--allow-destroy", TABLE)
    live.succeed(*allowed, **renamed)
    assert live.read("outputs")["table_name"] == "Renamed"
    assert _listed_ids(tasks) == []
    again = live.run(*allowed, **renamed)
    assert again.returncode == 0
    assert f"--allow-destroy '{TABLE}' has no effect" in again.stderr
