"""Items that an older version or a hand has written can still be read, changed and removed."""

import decimal
from typing import Any

import pytest

ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
ITEMS: dict[str, dict[str, Any]] = {
    "only what the index needs": {},
    "numbers": {"title": {"N": "1"}, "description": {"N": "1.50"}},
    "booleans": {
        "title": {"BOOL": True},
        "description": {"BOOL": False},
        "version": {"BOOL": True},
    },
    "nulls": {name: {"NULL": True} for name in ("title", "created_at", "version")},
    "lists": {"title": {"L": [{"S": "a"}]}, "version": {"L": []}},
    "maps": {"title": {"M": {"a": {"N": "1"}}}, "version": {"M": {}}},
    "sets": {"title": {"SS": ["a", "b"]}, "version": {"NS": ["1", "2"]}},
    "binary": {"title": {"B": b"\xff"}, "version": {"B": b"1"}},
    "text version": {"title": {"S": "t"}, "version": {"S": "3"}},
    "fraction": {"title": {"S": "t"}, "version": {"N": "1.5"}},
    "negative version": {"title": {"S": "t"}, "version": {"N": "-1"}},
    "huge version": {"title": {"S": "t"}, "version": {"N": "9" * 38}},
    "exponent": {"title": {"S": "t"}, "version": {"N": "1E+125"}},
    "last version": {"title": {"S": "t"}, "version": {"N": "9" * 15}},
    "extra fields": {"title": {"S": "t"}, "version": {"N": "1"}, "colour": {"S": "red"}},
    "long": {"title": {"S": "t" * 9_000}, "description": {"S": "d" * 90_000}},
    "another shard": {"title": {"S": "t"}, "status": {"S": "done#1"}, "version": {"N": "2"}},
    "expiry": {"title": {"S": "t"}, "expires_at": {"S": "never"}, "write_id": {"L": []}},
}


STATUSES: dict[str, dict[str, Any]] = {
    "none": {},
    "number": {"status": {"N": "-3"}},
    "null": {"status": {"NULL": True}},
    "list": {"status": {"L": [{"S": "done"}]}},
    "empty": {"status": {"S": ""}},
}


@pytest.fixture(params=ITEMS)
def poisoned(request: pytest.FixtureRequest, api: Any, table: Any, shards: Any) -> Any:
    """Return the API on a table that holds a sound task and one poisoned item."""
    shards(2)
    api.add("sound")
    item = {"task_id": {"S": ID}, "status": {"S": "pending"}, **ITEMS[request.param]}
    table.put_item(TableName="TaskTable", Item=item)
    return api


@pytest.fixture(params=STATUSES)
def unindexed(request: pytest.FixtureRequest, api: Any, table: Any) -> Any:
    """Return the API on a table that got its index after an item without a sound status."""
    index = table.describe_table(TableName="TaskTable")["Table"]["GlobalSecondaryIndexes"][0]
    keys = ("IndexName", "KeySchema", "Projection")
    changes = [
        {"Delete": {"IndexName": index["IndexName"]}},
        {"Create": {key: index[key] for key in keys}},
    ]
    table.update_table(TableName="TaskTable", GlobalSecondaryIndexUpdates=changes[:1])
    item = {"task_id": {"S": ID}, "title": {"S": "old"}, **STATUSES[request.param]}
    table.put_item(TableName="TaskTable", Item=item)
    table.update_table(
        TableName="TaskTable",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("task_id", "status")
        ],
        GlobalSecondaryIndexUpdates=changes[1:],
    )
    return api


def test_item_without_a_status_is_read_and_deleted(unindexed):
    """An item that is in no index is read as pending, and deleted."""
    read = unindexed("GET", f"/tasks/{ID}")
    assert (read.status, read.json()["status"]) == (200, "pending")
    assert unindexed("DELETE", f"/tasks/{ID}").status == 204


@pytest.mark.parametrize("change", [{"title": "new"}, {"status": "done"}])
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_any_write_puts_an_item_into_the_index(unindexed, method: str, change: dict[str, str]):
    """After a change, whichever it is, an item without a status is listed."""
    media_type = {"content-type": "application/merge-patch+json"} if method == "PATCH" else {}
    changed = unindexed(method, f"/tasks/{ID}", change, headers=media_type)
    assert (changed.status, changed.json()["version"]) == (200, 1)
    assert unindexed("GET", "/tasks").json() == [changed.json()]


def test_status_of_another_version_is_kept(api, table):
    """A status that this version does not know is read and kept, and listed once it is another."""
    item = {"task_id": {"S": ID}, "status": {"S": "archived"}, "version": {"N": "1"}}
    table.put_item(TableName="TaskTable", Item=item)
    assert api("GET", f"/tasks/{ID}").json()["status"] == "archived"
    assert api("PUT", f"/tasks/{ID}", {"title": "t"}).json()["status"] == "archived"
    assert api("GET", "/tasks").json() == []
    done = api("PUT", f"/tasks/{ID}", {"status": "done"}).json()
    assert api("GET", "/tasks").json() == [done]


def test_poisoned_item_is_listed_and_read(poisoned):
    """A poisoned item appears in the list, with all fields of a task and the right types."""
    read = poisoned("GET", f"/tasks/{ID}")
    assert read.status == 200
    task = read.json()
    assert isinstance(task.pop("version"), int)
    assert list(task) == ["task_id", "title", "description", "status", "created_at", "updated_at"]
    assert all(isinstance(value, str) for value in task.values())
    assert read.json() in poisoned("GET", "/tasks").json()
    assert len(poisoned("GET", "/tasks").json()) == 2


@pytest.mark.parametrize("precondition", ["none", "tag", "any"])
def test_poisoned_item_can_be_changed(poisoned, precondition: str):
    """PUT mends the fields it gives and the version, with If-Match and without."""
    path = f"/tasks/{ID}"
    tag = poisoned("GET", path).headers["etag"]
    headers = {"none": {}, "tag": {"If-Match": tag}, "any": {"If-Match": "*"}}[precondition]
    change = {"title": "mended", "description": "d", "status": "done"}
    answer = poisoned("PUT", path, change, headers=headers)
    assert answer.status == 200
    assert answer.json().items() >= change.items()
    again = poisoned("PUT", path, change, headers={"If-Match": answer.headers["etag"]})
    assert again.status == 200


@pytest.mark.parametrize("precondition", ["none", "tag", "other"])
def test_poisoned_item_can_be_deleted(poisoned, precondition: str):
    """DELETE removes it, with the tag shown and without; another tag answers 412."""
    path = f"/tasks/{ID}"
    tags = {"none": {}, "tag": {"If-Match": poisoned("GET", path).headers["etag"]}}
    answer = poisoned("DELETE", path, headers=tags.get(precondition, {"If-Match": '"77"'}))
    assert answer.status == (412 if precondition == "other" else 204)
    assert len(poisoned("GET", "/tasks").json()) == (2 if precondition == "other" else 1)


def test_extra_fields_survive_an_update(api, table):
    """What a newer version has stored is not lost when this one writes."""
    item = {"task_id": {"S": ID}, "version": {"N": "4"}, "colour": {"S": "red"}}
    table.put_item(TableName="TaskTable", Item=item)
    assert api("PUT", f"/tasks/{ID}", {"title": "t"}).json()["version"] == 5
    stored = table.get_item(TableName="TaskTable", Key={"task_id": {"S": ID}})["Item"]
    assert stored["colour"] == {"S": "red"}


@pytest.mark.parametrize("damaged", [{}, {"version": {"S": "1"}}])
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_item_at_the_size_limit(api, table, method: str, damaged: dict[str, Any]):
    """A change that leaves no item of at most 400 KB answers 422; it is still read and deleted."""
    item = {"task_id": {"S": ID}, "status": {"S": "pending"}, "title": {"S": "t"}, **damaged}
    table.put_item(TableName="TaskTable", Item={**item, "notes": {"S": "n" * 404_900}})
    path = f"/tasks/{ID}"
    media_type = {"content-type": "application/merge-patch+json"} if method == "PATCH" else {}
    answer = api(method, path, {"description": "d" * 4_000}, headers=media_type)
    assert (answer.status, answer.slug) == (422, "task-too-large")
    assert api("GET", path).json() in api("GET", "/tasks").json()
    assert api("DELETE", path).status == 204


def test_handmade_id_works(api, table):
    """An id of other characters than a UUID's, as people type them, can be used."""
    item = {"task_id": {"S": "task-1"}, "status": {"S": "done"}}
    table.put_item(TableName="TaskTable", Item=item)
    assert api("GET", "/tasks").json()[0]["task_id"] == "task-1"
    assert api("GET", "/tasks/task-1").status == 200
    assert api("DELETE", "/tasks/task-1").status == 204


def test_numbers_are_stored_for_other_readers(api, table):
    """Whoever reads the table finds the version as a number."""
    api.add()
    (item,) = table.scan(TableName="TaskTable")["Items"]
    assert decimal.Decimal(item["version"]["N"]) == 1
