"""Tasks brought back into the real service's table: what was lost, and nothing that is newer."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from tasktracker_ops.adapters.aws.table_items import TableItems
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.task_recovery import RecoverResult, Selection
from tasktracker_ops.workflows.recover_tasks_comparison import Comparison
from tasktracker_ops.workflows.recover_tasks_writing import write_back

REPORT: Any = SimpleNamespace(progress=lambda *_: None)
EARLIER = "TaskTable.recovery"
Recover = Callable[..., RecoverResult]


class Tasks:
    """The service, by the titles of its tasks; `keep` puts them into the earlier table."""

    def __init__(self, url: str, client: Any) -> None:
        self._url = f"{url}/tasks"
        self._client = client
        self.ids: dict[str, str] = {}

    def add(self, *titles: str, **fields: str) -> None:
        """Add tasks."""
        for title in titles:
            key = {"Idempotency-Key": title}
            answer = requests.post(self._url, json={"title": title, **fields}, headers=key)
            self.ids[title] = answer.json()["task_id"]

    def keep(self) -> None:
        """Copy the table as point-in-time recovery would, without indexes."""
        for item in self._client.scan(TableName="TaskTable")["Items"]:
            self._client.put_item(TableName=EARLIER, Item=item)

    def remove(self, title: str) -> None:
        """Delete a task."""
        requests.delete(self._at(title)).raise_for_status()

    def change(self, name: str, if_match: str = "*", /, **fields: str) -> requests.Response:
        """Change a task."""
        return requests.put(self._at(name), json=fields, headers={"If-Match": if_match})

    def read(self, title: str) -> Any:
        """Return a task as the service shows it."""
        return requests.get(self._at(title)).json()

    def listed(self) -> dict[str, Any]:
        """Return the tasks in the service's list, by title."""
        return {task["title"]: task for task in requests.get(self._url).json()}

    def _at(self, title: str) -> str:
        return f"{self._url}/{self.ids[title]}"


@pytest.fixture
def tasks(service: Any, dynamodb_client: Any) -> Any:
    """Yield the service with an empty table beside its own."""
    dynamodb_client.create_table(
        TableName=EARLIER,
        KeySchema=[{"AttributeName": "task_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "task_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield Tasks(service.url, dynamodb_client)
    dynamodb_client.delete_table(TableName=EARLIER)


@pytest.fixture
def recover(dynamodb_client: Any) -> Recover:
    """Compare and write back; `meanwhile` is called between."""
    session: Any = SimpleNamespace(client=lambda service: dynamodb_client)
    earlier, present = TableItems(session, EARLIER), TableItems(session, "TaskTable")

    def run(selection: Selection, meanwhile: Callable[[], Any] = lambda: None) -> RecoverResult:
        comparison = Comparison(REPORT, earlier, present)
        result = comparison.result("TaskTable", "2026-01-31T00:00:00.000Z")
        chosen = comparison.chosen(selection, result)
        meanwhile()
        return write_back(REPORT, result, chosen, earlier, present)

    return run


def test_differences_are_found(tasks: Tasks, recover: Recover) -> None:
    """What is missing, changed and new; not what was changed back, nor idempotency records."""
    tasks.add("lost", "changed", "kept", "changed back", "long", description="d" * 300)
    tasks.keep()
    tasks.remove("lost")
    tasks.change("changed", status="done", title="another")
    tasks.change("changed back", status="done")
    tasks.change("changed back", status="pending")
    tasks.change("long", description="d" * 299 + "e")
    tasks.add("new")
    result = recover(Selection())
    assert [(each.task_id, each.title) for each in result.missing] == [(tasks.ids["lost"], "lost")]
    assert {each.title: set(each.fields) for each in result.changed} == {
        "changed": {"status", "title"},
        "long": {"description"},
    }
    assert [each.title for each in result.new] == ["new"]
    assert (result.tasks_then, result.tasks_now, result.recovered) == (5, 5, ())


def test_a_missing_task_comes_back_as_it_was(tasks: Tasks, recover: Recover) -> None:
    """It is listed again, and a client that has read it before can change it."""
    tasks.add("lost", status="in_progress")
    before = tasks.read("lost")
    tasks.keep()
    tasks.remove("lost")
    assert recover(Selection(missing=True)).recovered == (before["task_id"],)
    assert tasks.listed() == {"lost": before}
    assert tasks.change("lost", f'"{before["version"]}"', status="done").status_code == 200
    assert tasks.listed()["lost"]["status"] == "done"


def test_a_changed_task_gets_a_new_version(tasks: Tasks, recover: Recover) -> None:
    """Its content is what it was, and what was read of the present one is stale."""
    tasks.add("good")
    before = tasks.read("good")
    tasks.keep()
    bad = tasks.change("good", title="bad", status="done")
    assert recover(Selection(changed=True)).recovered == (before["task_id"],)
    after = tasks.listed()["good"]
    assert (after["status"], after["version"]) == ("pending", 3)
    assert after["updated_at"] > bad.json()["updated_at"]
    assert tasks.change("good", bad.headers["etag"], title="worse").status_code == 412
    assert tasks.change("good", '"3"', title="better").status_code == 200


def test_nothing_newer_is_overwritten(tasks: Tasks, recover: Recover) -> None:
    """What was created, changed or deleted after the comparison stays as it is."""
    tasks.add("lost", "changed", "deleted")
    tasks.keep()
    tasks.remove("lost")
    for title in ("changed", "deleted"):
        tasks.change(title, status="done")

    def meanwhile() -> None:
        url = f"{tasks._url}/{tasks.ids['lost']}"
        new = requests.put(url, json={"title": "lost"}, headers={"If-None-Match": "*"})
        assert new.status_code == 201
        tasks.change("changed", description="newer")
        tasks.remove("deleted")

    result = recover(Selection(missing=True, changed=True), meanwhile)
    assert (result.recovered, set(result.overtaken)) == ((), set(tasks.ids.values()))
    assert tasks.read("changed")["description"] == "newer"
    assert set(tasks.listed()) == {"lost", "changed"}


def test_tasks_are_named_by_a_part_of_their_ids(tasks: Tasks, recover: Recover) -> None:
    """One that is what it was is an error, and nothing is written."""
    tasks.add("lost", "also lost", "kept")
    tasks.keep()
    for title in ("lost", "also lost"):
        tasks.remove(title)
    with pytest.raises(TtOpsError) as caught:
        recover(Selection(references=[tasks.ids["lost"], tasks.ids["kept"]]))
    assert caught.value.code == "task-not-lost"
    assert set(tasks.listed()) == {"kept"}
    recover(Selection(references=[tasks.ids["lost"][-8:]]))
    assert set(tasks.listed()) == {"lost", "kept"}


def test_an_item_of_the_first_implementation_comes_back(
    tasks: Tasks, recover: Recover, dynamodb_client: Any
) -> None:
    """It has no version and no status; a changed one gets both, as by any change."""
    for name in ("lost", "changed"):
        tasks.ids[name] = f"{len(name):08}-0000-4000-8000-000000000000"
        item = {"task_id": {"S": tasks.ids[name]}, "title": {"S": name}}
        dynamodb_client.put_item(TableName=EARLIER, Item=item)
    changed = {"task_id": {"S": tasks.ids["changed"]}, "title": {"S": "bad"}}
    dynamodb_client.put_item(TableName="TaskTable", Item=changed)
    assert len(recover(Selection(missing=True, changed=True)).recovered) == 2
    assert (tasks.read("lost")["title"], tasks.read("changed")["version"]) == ("lost", 1)
    assert tasks.change("lost", '"0"', status="pending").status_code == 200
    assert set(tasks.listed()) == {"lost"}
