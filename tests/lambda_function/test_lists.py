"""Lists: complete, newest first, and never larger than Lambda lets through."""

import base64
import json
import re
from typing import Any

import pytest

from pages import cursor_after

LINK = re.compile(r'<tasks\?cursor=([\w-]+)>; rel="next"')
LAMBDA_LIMIT = 6 * 1024 * 1024


def _fill(table: Any, count: int, **fields: str) -> list[str]:
    """Store tasks directly, oldest first, and return their ids."""
    ids = [f"01890000-0000-7000-8000-{number:012}" for number in range(count)]
    rest = {name: {"S": value} for name, value in fields.items()}
    puts = [{"PutRequest": {"Item": {"task_id": {"S": task_id}, **rest}}} for task_id in ids]
    for start in range(0, count, 25):
        table.batch_write_item(RequestItems={"TaskTable": puts[start : start + 25]})
    return ids


def _walk(api: Any) -> list[Any]:
    """Return the answers of all pages."""
    answers = [api("GET", "/tasks")]
    while link := answers[-1].headers.get("link"):
        match = LINK.fullmatch(link)
        assert match
        answers.append(api("GET", "/tasks", query={"cursor": match[1]}))
    return answers


def test_empty_list_is_an_empty_array(api):
    """GET /tasks on an empty table answers 200 and []."""
    answer = api("GET", "/tasks")
    assert (answer.status, answer.text) == (200, "[]")
    assert "link" not in answer.headers


def test_newest_task_comes_first(api):
    """Tasks are listed in the reverse order of their creation."""
    tasks = [api.add(f"task {number}") for number in range(20)]
    assert api("GET", "/tasks").json() == tasks[::-1]


def test_list_reads_all_of_the_table(api, table, faults):
    """1,200 tasks, more than one page of DynamoDB's, are all listed."""
    ids = _fill(table, 1200, title="x" * 200, description="x" * 800)
    answer = api("GET", "/tasks")
    assert [task["task_id"] for task in answer.json()] == ids[::-1]
    assert len(faults.calls) > 1


@pytest.mark.parametrize("character", ["x", '"', "é", "👩", "\x00"])
def test_large_list_continues_at_its_link(api, table, character: str):
    """Every page fits into Lambda's limit as the runtime encodes it, and none lacks a task."""
    ids = _fill(table, 300, title="t", description=character * 4000)
    answers = _walk(api)
    assert (len(answers) == 1) == (character == "x")
    assert [task["task_id"] for answer in answers for task in answer.json()] == ids[::-1]
    for answer in answers:
        assert len(json.dumps({"body": answer.text})) < LAMBDA_LIMIT
        assert len(answer.text.encode()) <= 4_500_000
    assert all(len(answer.text.encode()) > 1_000_000 for answer in answers[:-1])


def test_task_deleted_at_a_page_border_does_not_matter(api, table):
    """The next page follows the last task seen, also when that one is gone."""
    ids = _fill(table, 300, title="t", description='"' * 4000)
    first = api("GET", "/tasks")
    assert api("DELETE", f"/tasks/{first.json()[-1]['task_id']}").status == 204
    match = LINK.fullmatch(first.headers["link"])
    assert match
    second = api("GET", "/tasks", query={"cursor": match[1]})
    seen = [task["task_id"] for answer in (first, second) for task in answer.json()]
    assert seen == ids[::-1][: len(seen)]


def test_tampered_cursors_are_refused(api, table):
    """A cursor that this service did not make answers 400."""
    _fill(table, 300, title="t", description='"' * 4000)
    match = LINK.fullmatch(api("GET", "/tasks").headers["link"])
    assert match
    cursor = match[1]
    tampered = [cursor[:place] + "A" + cursor[place + 1 :] for place in range(0, len(cursor), 5)]
    tampered += [cursor + "=", cursor + "A", cursor[:-1], " " + cursor, cursor[::-1]]
    for bad in tampered:
        if bad != cursor:
            assert api("GET", "/tasks", query={"cursor": bad}).slug == "invalid-cursor"


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
    + [cursor_after("")],
)
def test_invented_cursors_are_refused(api, cursor: str):
    """Whatever is no cursor answers 400."""
    answer = api("GET", "/tasks", query={"cursor": cursor})
    assert (answer.status, answer.slug) == (400, "invalid-cursor")


def test_unknown_parameters_are_ignored(api):
    """Parameters that the list does not have change nothing."""
    assert api("GET", "/tasks", query={"page": "7"}).status == 200
