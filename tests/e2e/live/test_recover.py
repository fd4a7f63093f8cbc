"""Tasks of the deployment come back as they were, and the restored table never stays."""

from __future__ import annotations

import signal
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from tests.e2e.conftest import Clone

TABLE, RESTORED = "TaskTable", "TaskTable.recovery"
MANY = 10_000


@pytest.fixture
def dynamodb(aws: Callable[[str], Any]) -> Any:
    """Return a client of the deployment's DynamoDB."""
    return aws("dynamodb")


def _now() -> str:
    """Return a time after everything that was written, and before everything that will be."""
    time.sleep(1)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    time.sleep(1)
    return now


def _listed(api: str, status: str) -> dict[str, Any]:
    url, found = f"{api}/tasks?limit=100&status={status}", {}
    while url:
        answer = requests.get(url)
        found |= {task["task_id"]: task for task in answer.json()}
        url = f"{api}/{answer.links['next']['url']}" if "next" in answer.links else ""
    return found


@pytest.fixture
def task(live: Clone, api: str) -> Iterator[Any]:
    """Yield a task that was removed, with the time before."""
    added = requests.post(f"{api}/tasks", json={"title": "lost", "status": "in_progress"}).json()
    then = _now()
    requests.delete(f"{api}/tasks/{added['task_id']}").raise_for_status()
    yield added, then
    requests.delete(f"{api}/tasks/{added['task_id']}")


def test_a_lost_task_comes_back(live: Clone, api: str, dynamodb: Any, task: Any) -> None:
    """It is what it was, listed, and can be changed; the other table is gone."""
    lost, then = task
    compared = live.read("tasks", "recover", "--to", then, "--dry-run")
    assert [each["task_id"] for each in compared["missing"]] == [lost["task_id"]]
    assert compared["recovered"] == []
    result = live.read("tasks", "recover", "--to", then, lost["task_id"][-12:])
    assert result["recovered"] == [lost["task_id"]]
    assert _listed(api, "in_progress")[lost["task_id"]] == lost
    changed = requests.put(
        f"{api}/tasks/{lost['task_id']}", json={"status": "done"}, headers={"If-Match": '"1"'}
    )
    assert changed.status_code == 200
    assert RESTORED not in dynamodb.list_tables()["TableNames"]


@pytest.mark.parametrize("when", ["3650d", "2999-01-01"])
def test_a_time_outside_of_the_window_is_refused(live: Clone, when: str) -> None:
    """The message has the times that can be restored."""
    result = live.run("tasks", "recover", "--to", when, "--missing", "--output", "json")
    assert (result.returncode, "recovery-window" in result.stderr) == (2, True)
    assert f"{datetime.now(UTC):%Y-%m-%dT}" in result.stderr


@pytest.mark.extended
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_recovery_leaves_no_table(
    live: Clone, dynamodb: Any, task: Any, number: signal.Signals
) -> None:
    """After Ctrl-C it is removed at once, after a kill by the next run, which says so."""
    lost, then = task
    with live.start("tasks", "recover", "--to", then, "--missing") as process:
        while RESTORED not in dynamodb.list_tables()["TableNames"]:
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(number)
        _, error = process.communicate(timeout=60)
    left = RESTORED in dynamodb.list_tables()["TableNames"]
    assert left == (number is signal.SIGKILL)
    if not left:
        assert (process.returncode, "'TaskTable.recovery' is ready" in error) == (130, True)
        return
    result = live.run("tasks", "recover", "--to", then, "--missing", "--output", "table")
    assert result.returncode == 0, result.stderr
    assert "An interrupted recovery has left 'TaskTable.recovery'" in result.stderr
    assert lost["task_id"] in result.stdout
    assert RESTORED not in dynamodb.list_tables()["TableNames"]
    assert "nothing is left over" in live.succeed("tasks", "recover", "--cleanup")


def _write(dynamodb: Any, requests: list[Any]) -> None:
    """Send requests, 25 in a call."""
    for first in range(0, len(requests), 25):
        dynamodb.batch_write_item(RequestItems={TABLE: requests[first : first + 25]})


@pytest.mark.extended
def test_ten_thousand_tasks_come_back(live: Clone, api: str, dynamodb: Any) -> None:
    """All that were deleted and changed, and no other."""
    before: dict[str, Any] = {}
    for number in range(MANY):
        task_id = str(uuid.uuid4())
        texts = {"title": f"task {number}", "description": f"{number} " * 50, "status": "done"}
        texts |= {name: "2026-01-01T00:00:00.000Z" for name in ("created_at", "updated_at")}
        item = {name: {"S": text} for name, text in texts.items()}
        before[task_id] = {**item, "task_id": {"S": task_id}, "version": {"N": "1"}}
    ids = list(before)
    _write(dynamodb, [{"PutRequest": {"Item": item}} for item in before.values()])
    then = _now()
    removed, changed = ids[: MANY // 2], ids[MANY // 2 : MANY // 2 + 500]
    deletions = [{"DeleteRequest": {"Key": {"task_id": {"S": each}}}} for each in ids]
    _write(dynamodb, deletions[: len(removed)])
    for each in changed:
        body = {"title": "spoilt", "status": "pending"}
        requests.put(f"{api}/tasks/{each}", json=body).raise_for_status()
    result = live.read("tasks", "recover", "--to", then, "--missing", "--changed")
    assert (len(result["missing"]), len(result["changed"])) == (len(removed), len(changed))
    assert set(result["recovered"]) == {*removed, *changed}
    listed = _listed(api, "done")
    assert {each: listed[each]["title"] for each in ids} == {
        each: before[each]["title"]["S"] for each in ids
    }
    assert {listed[each]["version"] for each in removed} == {1}
    assert {listed[each]["version"] for each in changed} == {3}
    _write(dynamodb, deletions)
