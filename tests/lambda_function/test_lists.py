"""Lists: in pages, newest first, complete, and never larger than Lambda allows."""

import base64
import json
import random
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl

import pytest

from pages import cursor_after
from store import partition_of

LINK = re.compile(r'<tasks\?([^>]+)>; rel="next"')
LAMBDA_LIMIT = 6 * 1024 * 1024
STATUSES = ("pending", "in_progress", "done")


def _ids(count: int) -> list[str]:
    return [f"01890000-0000-7000-8000-{number:012}" for number in range(count)]


def _fill(table: Any, count: int, shards: int = 1, **fields: str) -> list[str]:
    """Store tasks of all statuses in turn directly, oldest first, and return their ids."""
    puts = []
    for number, task_id in enumerate(_ids(count)):
        status = partition_of(STATUSES[number % 3], task_id, shards)
        item = {"task_id": task_id, "status": status, **fields}
        puts.append({"PutRequest": {"Item": {name: {"S": text} for name, text in item.items()}}})
    for start in range(0, count, 25):
        table.batch_write_item(RequestItems={"TaskTable": puts[start : start + 25]})
    return _ids(count)


def _next(answer: Any) -> dict[str, str] | None:
    """Return the query of the next page, or None."""
    if "link" not in answer.headers:
        return None
    match = LINK.fullmatch(answer.headers["link"])
    assert match
    return dict(parse_qsl(match[1]))


def _walk(api: Any, **query: str) -> list[Any]:
    """Return the answers of all pages."""
    answers = [api("GET", "/tasks", query=query)]
    while query := _next(answers[-1]):
        answers.append(api("GET", "/tasks", query=query))
        assert answers[-1].status == 200
    return answers


def _listed(answers: list[Any]) -> list[str]:
    return [task["task_id"] for answer in answers for task in answer.json()]


def test_empty_list_is_an_empty_array(api):
    """GET /tasks on an empty table answers 200 and []."""
    answer = api("GET", "/tasks")
    assert (answer.status, answer.text) == (200, "[]")
    assert "link" not in answer.headers


def test_newest_task_comes_first(api):
    """Tasks are listed in the reverse order of their creation, whatever their status."""
    tasks = [api.add(f"task {number}", status=STATUSES[number % 3]) for number in range(20)]
    assert api("GET", "/tasks").json() == tasks[::-1]


@pytest.mark.parametrize("status", STATUSES)
def test_list_is_filtered_by_status(api, status: str):
    """With ?status= only tasks of that status are listed, as of the last change."""
    tasks = [api.add(status=each) for each in STATUSES * 2]
    moved = api("PUT", f"/tasks/{tasks[0]['task_id']}", {"status": "done"}).json()
    expected = [task for task in [*tasks[:0:-1], moved] if task["status"] == status]
    assert api("GET", "/tasks", query={"status": status}).json() == expected


@pytest.mark.parametrize(
    ("query", "size"), [({}, 50), ({"limit": "1"}, 1), ({"limit": "100"}, 100)]
)
def test_limit_is_the_size_of_a_page(api, table, query: dict[str, str], size: int):
    """A page has 50 tasks, or as many as ?limit= says, 1 to 100."""
    ids = _fill(table, 120)
    answer = api("GET", "/tasks", query=query)
    assert _listed([answer]) == ids[::-1][:size]
    assert _next(answer) is not None


def test_last_page_has_no_link(api, table):
    """A page that ends with the last task does not link to an empty one."""
    _fill(table, 20)
    answers = _walk(api, limit="10")
    assert [len(answer.json()) for answer in answers] == [10, 10]


def test_next_page_keeps_status_and_limit(api, table):
    """The link repeats the given parameters, and only those."""
    _fill(table, 60)
    given = {"status": "done", "limit": "7"}
    query = _next(api("GET", "/tasks", query=given))
    assert query is not None
    assert query.pop("cursor")
    assert query == given
    assert list(_next(api("GET", "/tasks", query={"limit": "7"})) or {}) == ["limit", "cursor"]


@pytest.mark.parametrize(
    ("character", "count"),
    [
        ("\x00", 24),
        pytest.param('"', 100, marks=pytest.mark.soak),
        *(pytest.param(each, 100, marks=pytest.mark.extended) for each in ("x", "é", "👩")),
    ],
)
def test_large_page_ends_early(api, table, character: str, count: int):
    """Every page fits into Lambda's limit as the runtime encodes it, and no task is left out."""
    ids = _fill(table, count, title="t", description=character * 60_000)
    answers = _walk(api, limit="100")
    assert len(answers) > 1
    assert _listed(answers) == ids[::-1]
    for answer in answers:
        assert len(json.dumps({"body": answer.text})) < LAMBDA_LIMIT
        assert len(answer.text.encode()) <= 4_500_000
    assert all(len(answer.text.encode()) > 500_000 for answer in answers[:-1])


@pytest.mark.parametrize("shards_now", [1, 2, 5])
def test_cost_of_a_page_does_not_depend_on_the_table(api, table, wire, shards, shards_now: int):
    """A page is one Query in each partition, and no Scan."""
    _fill(table, 200, shards_now)
    shards(shards_now)
    wire.clear_faults()
    api("GET", "/tasks", query={"limit": "10"})
    assert wire.calls == ["Query"] * 3 * shards_now
    wire.clear_faults()
    api("GET", "/tasks", query={"limit": "10", "status": "done"})
    assert wire.calls == ["Query"] * shards_now


@pytest.mark.parametrize("shards_before", [1, 3])
def test_shards_may_grow_at_any_time(api, table, shards, shards_before: int):
    """Tasks stored with fewer shards are listed with more, and move when their status changes."""
    ids = _fill(table, 12, shards_before)
    shards(7)
    ids += [api.add()["task_id"] for _ in range(6)]
    assert _listed(_walk(api, limit="7")) == ids[::-1]
    for task_id in ids:
        answer = api("PUT", f"/tasks/{task_id}", {"status": "done"})
        assert (answer.status, answer.json()["status"]) == (200, "done")
    assert _listed(_walk(api, limit="7", status="done")) == ids[::-1]
    assert _listed(_walk(api, status="pending")) == []


def test_shards_spread_the_writes(api, table, shards):
    """New tasks of one status are stored in as many partitions, about evenly."""
    shards(4)
    task = api.add()
    (item,) = table.scan(TableName="TaskTable")["Items"]
    assert item["status"]["S"] == partition_of("pending", task["task_id"], 4)
    stored = [partition_of("pending", task_id, 4) for task_id in _ids(400)]
    assert set(stored) == {"pending", "pending#1", "pending#2", "pending#3"}
    assert min(stored.count(partition) for partition in set(stored)) >= 50


@pytest.mark.parametrize(
    ("count", "shards_now"),
    [
        (60, 1),
        (60, 3),
        pytest.param(10_000, 1, marks=[pytest.mark.extended, pytest.mark.timeout(900)]),
    ],
)
def test_every_task_that_stays_is_listed_once(api, table, shards, count: int, shards_now: int):
    """While others add and delete tasks, every task that stays is listed exactly once."""
    ids = _fill(table, count, shards_now)
    shards(shards_now)
    to_delete = random.Random(7).sample(ids, count // 4)
    listed: list[str] = []
    query: dict[str, str] | None = {"limit": str(min(count // 3, 100))}
    with ThreadPoolExecutor(2) as others:
        while query is not None:
            churn = [others.submit(api.add)]
            batch = [to_delete.pop() for _ in range(min(len(to_delete), 25))]
            churn += [others.submit(api, "DELETE", f"/tasks/{task_id}") for task_id in batch]
            answer = api("GET", "/tasks", query=query)
            listed += _listed([answer])
            query = _next(answer)
            assert all(other.result() for other in churn)
    left = [item["task_id"]["S"] for item in _all_items(table)]
    assert listed == sorted(set(listed), reverse=True)
    assert set(listed) >= set(left) & set(ids)


def _all_items(table: Any) -> list[Any]:
    pages = table.get_paginator("scan").paginate(TableName="TaskTable")
    return [item for page in pages for item in page["Items"]]


def test_next_page_follows_a_deleted_task(api, table):
    """The next page is the same if the last task of a page has been deleted."""
    ids = _fill(table, 30)
    first = api("GET", "/tasks", query={"limit": "10"})
    assert api("DELETE", f"/tasks/{first.json()[-1]['task_id']}").status == 204
    second = api("GET", "/tasks", query=_next(first))
    assert _listed([first, second]) == ids[::-1][:20]


def test_changed_cursors_are_rejected(api, table):
    """A cursor that was changed anywhere answers 400 and names the parameter."""
    _fill(table, 20)
    cursor = (_next(api("GET", "/tasks", query={"limit": "10"})) or {})["cursor"]
    changed = [cursor[:place] + "A" + cursor[place + 1 :] for place in range(len(cursor))]
    changed += [cursor + "=", cursor + "A", cursor[:-1], " " + cursor, cursor[::-1]]
    changed += [f"{cursor},{cursor}", cursor + "\n"]
    for bad in set(changed) - {cursor}:
        answer = api("GET", "/tasks", query={"cursor": bad})
        assert (answer.status, answer.slug) == (400, "invalid-cursor")
        assert [error["parameter"] for error in answer.json()["errors"]] == ["cursor"]


def test_cursor_belongs_to_its_filter(api, table):
    """A cursor of one status answers 400 with another or none, and accepts another limit."""
    _fill(table, 60)
    cursor = (_next(api("GET", "/tasks", query={"status": "done", "limit": "5"})) or {})["cursor"]
    for other in ({}, {"status": "pending"}):
        assert api("GET", "/tasks", query={**other, "cursor": cursor}).slug == "invalid-cursor"
    again = {"status": "done", "limit": "6", "cursor": cursor}
    assert len(api("GET", "/tasks", query=again).json()) == 6


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "0",
        "garbage",
        "é",
        "\ud800",
        "a,b",
        "x" * 9_000,
        "01890000-0000-7000-8000-000000000000",
    ]
    + [base64.urlsafe_b64encode(raw).decode() for raw in (b"\xff" * 20, b"000000", b'{"a": 1}')]
    + [cursor_after("", None), cursor_after("x" * 1025, None)],
)
def test_invalid_cursors_are_rejected(api, cursor: str):
    """Any other text answers 400, even one longer than a key of the index may be."""
    answer = api("GET", "/tasks", query={"cursor": cursor})
    assert (answer.status, answer.slug) == (400, "invalid-cursor")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("page", "7"),
        ("Status", "done"),
        ("", ""),
        ("\ud800", "x"),
        ("x" * 9_000, "x"),
        *[("status", bad) for bad in ("", "finished", "Done", "done,pending", "done#1", "\ud800")],
        *[("limit", bad) for bad in ("", "0", "101", "-1", "1.0", "1e1", " 5", "+5", "05", "٣")],
        *[("limit", bad) for bad in ("5,5", "9" * 5_000, "ten")],
    ],
)
def test_invalid_parameters_are_named(api, name: str, value: str):
    """An unknown, repeated or invalid parameter answers 400 and its name."""
    answer = api("GET", "/tasks", query={name: value})
    assert (answer.status, answer.slug) == (400, "invalid-parameter")
    (error,) = answer.json()["errors"]
    assert error["parameter"] == name.encode(errors="replace").decode()[:40]


@pytest.mark.parametrize(("name", "value"), [("limit", "1,2"), ("status", "done,done")])
def test_repeated_parameter_is_named_as_such(api, name: str, value: str):
    """API Gateway joins repeated values with commas; the message says that they are repeated."""
    answer = api("GET", "/tasks", query={name: value})
    assert (answer.status, answer.slug) == (400, "invalid-parameter")
    assert answer.json()["detail"] == f"The parameter {name!r} is repeated, or has a comma."


def test_list_has_an_entity_tag(api):
    """A list answers 304 to its tag until it changes."""
    api.add()
    tag = api("GET", "/tasks").headers["etag"]
    known = {"If-None-Match": tag}
    answer = api("GET", "/tasks", headers=known)
    assert (answer.status, answer.text, answer.headers) == (304, "", {"etag": tag})
    api.add()
    assert api("GET", "/tasks", headers=known).status == 200
