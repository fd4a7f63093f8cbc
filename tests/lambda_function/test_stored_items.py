"""Items that another version of the service wrote are read, changed and deleted."""

from __future__ import annotations

from typing import Any

import pytest

ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
PATH = f"/tasks/{ID}"
MERGE_PATCH = {"content-type": "application/merge-patch+json"}

# As the first implementation wrote them.
ITEMS: dict[str, dict[str, Any]] = {
    "no version": {"title": {"S": "old"}, "status": {"S": "pending"}},
    "no status": {"title": {"S": "old"}, "version": {"N": "3"}},
    "neither": {"title": {"S": "old"}},
    "a number for a title": {"title": {"N": "1"}, "status": {"S": "pending"}},
    "nothing but an id": {},
}


@pytest.fixture(params=ITEMS)
def first(request: pytest.FixtureRequest, api: Any, table: Any) -> Any:
    """Return the API on a table with an item of the first implementation."""
    table.put_item(TableName="TaskTable", Item={"task_id": {"S": ID}, **ITEMS[request.param]})
    return api


def test_item_of_the_first_implementation_is_read(first):
    """It has all fields of a task with the right types; missing ones have a default."""
    task = first("GET", PATH).json()
    assert task["version"] in (0, 3)
    assert task["status"] == "pending"
    assert task["title"] in ("old", "1", "")
    assert task["description"] == ""
    assert task["created_at"] == task["updated_at"] == "1970-01-01T00:00:00.000Z"


@pytest.mark.parametrize("precondition", ["none", "tag", "any", "not another"])
@pytest.mark.parametrize("change", [{"title": "new"}, {"status": "done"}])
def test_item_of_the_first_implementation_is_changed(
    first, precondition: str, change: dict[str, str]
):
    """Any change gives it a version and a status, after which it is listed."""
    before = first("GET", PATH)
    headers = {
        "none": {},
        "tag": {"If-Match": before.headers["etag"]},
        "any": {"If-Match": "*"},
        "not another": {"If-None-Match": '"77"'},
    }[precondition]
    changed = first("PATCH", PATH, change, headers={**MERGE_PATCH, **headers})
    assert changed.status == 200
    assert changed.json()["version"] == before.json()["version"] + 1
    assert changed.json().items() >= change.items()
    assert first("GET", "/tasks").json() == [changed.json()]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
def test_preconditions_hold_for_version_0(api, table, method: str, header: str):
    """Another tag in If-Match, or its own in If-None-Match, answers 412."""
    table.put_item(TableName="TaskTable", Item={"task_id": {"S": ID}, "title": {"S": "old"}})
    tag = '"1"' if header == "If-Match" else '"0"'
    answer = api(method, PATH, {"title": "new"}, headers={header: tag})
    assert (answer.status, answer.slug) == (412, "version-mismatch")
    assert "version 0" in answer.json()["detail"]
    assert api("GET", PATH).json()["title"] == "old"


@pytest.mark.parametrize("precondition", ["none", "tag"])
def test_item_of_the_first_implementation_is_deleted(first, precondition: str):
    """DELETE works with its tag and without."""
    tag = first("GET", PATH).headers["etag"]
    answer = first("DELETE", PATH, headers={"If-Match": tag} if precondition == "tag" else {})
    assert answer.status == 204
    assert first("GET", PATH).status == 404


def test_status_of_another_version_is_kept(api, table):
    """An unknown status is read and kept; the task is listed once it has a known one."""
    item = {"task_id": {"S": ID}, "status": {"S": "archived"}, "version": {"N": "1"}}
    table.put_item(TableName="TaskTable", Item=item)
    assert api("GET", PATH).json()["status"] == "archived"
    assert api("PUT", PATH, {"title": "t"}).json()["status"] == "archived"
    assert api("GET", "/tasks").json() == []
    done = api("PUT", PATH, {"status": "done"}).json()
    assert api("GET", "/tasks").json() == [done]


def test_unknown_fields_survive_an_update(api, table):
    """A write of this version keeps fields that a newer version has stored."""
    item = {"task_id": {"S": ID}, "version": {"N": "4"}, "colour": {"S": "red"}}
    table.put_item(TableName="TaskTable", Item=item)
    assert api("PUT", PATH, {"title": "t"}).json()["version"] == 5
    stored = table.get_item(TableName="TaskTable", Key={"task_id": {"S": ID}})["Item"]
    assert stored["colour"] == {"S": "red"}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_change_of_an_item_at_the_size_limit_is_rejected(api, table, method: str):
    """A change that would exceed 400 KB answers 422; the task can still be read and deleted."""
    item = {"task_id": {"S": ID}, "status": {"S": "pending"}, "title": {"S": "t"}}
    table.put_item(TableName="TaskTable", Item={**item, "notes": {"S": "n" * 404_900}})
    media_type = MERGE_PATCH if method == "PATCH" else {}
    answer = api(method, PATH, {"description": "d" * 4_000}, headers=media_type)
    assert (answer.status, answer.slug) == (422, "task-too-large")
    assert api("GET", PATH).json() in api("GET", "/tasks").json()
    assert api("DELETE", PATH).status == 204


def test_a_task_whose_id_is_not_a_uuid_is_read_and_deleted(api, table):
    """Only new tasks need a UUID."""
    item = {"task_id": {"S": "task-1"}, "status": {"S": "done"}}
    table.put_item(TableName="TaskTable", Item=item)
    assert api("GET", "/tasks").json()[0]["task_id"] == "task-1"
    assert api("GET", "/tasks/task-1").status == 200
    assert api("DELETE", "/tasks/task-1").status == 204


def test_version_is_stored_as_a_number(api, table):
    """Other readers of the table can compare it."""
    api.add()
    (item,) = table.scan(TableName="TaskTable")["Items"]
    assert item["version"] == {"N": "1"}
