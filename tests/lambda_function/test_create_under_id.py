"""PUT with ``If-None-Match: *``: a task is created under an id that the client names."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urljoin

import pytest

V7 = "019a9f5e-7a3c-7d10-9c55-2f0c6f3c1b7e"
V4 = "0f8fad5b-d9cb-469f-a165-70867728950e"
ABSENT = {"If-None-Match": "*"}


def _put(api: Any, task_id: str, body: Any = None, headers: dict[str, str] = ABSENT) -> Any:
    return api("PUT", f"/tasks/{task_id}", body or {"title": "imported"}, headers=headers)


@pytest.mark.parametrize("task_id", [V7, V4])
def test_put_creates_the_task_under_its_id(api, task_id: str):
    """PUT answers 201 with the task, its entity tag and its address; the task is listed."""
    body = {"title": " imported ", "description": "d", "status": "done"}
    answer = _put(api, task_id, body)
    task = answer.json()
    assert (answer.status, answer.headers["etag"]) == (201, '"1"')
    assert urljoin(f"https://x/prod/tasks/{task_id}", answer.headers["location"]) == (
        f"https://x/prod/tasks/{task_id}"
    )
    assert (task["task_id"], task["version"]) == (task_id, 1)
    assert (task["title"], task["description"], task["status"]) == ("imported", "d", "done")
    assert api("GET", f"/tasks/{task_id}").json() == task
    assert api("GET", "/tasks").json() == [task]


def test_put_fills_in_defaults_as_post_does(api):
    """A body needs only a title."""
    task = _put(api, V7).json()
    assert (task["description"], task["status"]) == ("", "pending")


def test_put_of_an_existing_task_is_rejected(api):
    """The second PUT of an id answers 412, whatever its body."""
    first = _put(api, V7).json()
    answer = _put(api, V7, {"title": "other"})
    assert (answer.status, answer.slug) == (412, "version-mismatch")
    assert answer.json()["detail"] == f"There is already a task {V7}."
    assert api("GET", f"/tasks/{V7}").json() == first


def test_one_of_twenty_parallel_puts_creates_the_task(api):
    """The others answer 412."""
    with ThreadPoolExecutor(20) as clients:
        statuses = list(clients.map(lambda _: _put(api, V7).status, range(20)))
    assert sorted(statuses) == [201] + [412] * 19


@pytest.mark.parametrize(
    "headers", [{}, {"If-None-Match": '"1"'}, {"If-Match": "*"}, {**ABSENT, "If-Match": "*"}]
)
def test_put_without_if_none_match_any_creates_nothing(api, headers: dict[str, str]):
    """PUT of an unknown id answers 404 without the header, and with If-Match beside it."""
    answer = _put(api, V7, headers=headers)
    assert (answer.status, answer.slug) == (404, "task-not-found")
    assert api("GET", "/tasks").json() == []


@pytest.mark.parametrize(
    "task_id",
    [
        "task-1",
        V7.upper(),
        V7.replace("-", ""),
        V7[:-1],
        V7 + "0",
        "019a9f5e-7a3c-1d10-9c55-2f0c6f3c1b7e",  # version 1
        "019a9f5e-7a3c-7d10-7c55-2f0c6f3c1b7e",  # no variant of RFC 9562
    ],
)
def test_an_id_must_be_a_uuid_of_version_4_or_7(api, task_id: str):
    """Any other id answers 400 and the name of the parameter."""
    answer = _put(api, task_id)
    assert (answer.status, answer.slug) == (400, "invalid-parameter")
    assert [error["parameter"] for error in answer.json()["errors"]] == ["task_id"]
    assert api("GET", "/tasks").json() == []


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"status": "done"}, ["#/title"]),
        ({"title": "x", "status": "finished"}, ["#/status"]),
        ({"title": "x", "task_id": V7, "version": 3}, ["#/task_id", "#/version"]),
    ],
)
def test_the_body_is_validated_as_that_of_a_new_task(api, body: Any, pointers: list[str]):
    """It answers 422 with a pointer for each invalid field, and creates nothing."""
    answer = _put(api, V7, body)
    assert (answer.status, answer.slug) == (422, "invalid-task")
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers
    assert api("GET", "/tasks").json() == []


def test_created_at_is_the_time_in_a_version_7_id(api):
    """An imported task keeps the time of its creation to the millisecond."""
    task = _put(api, V7).json()
    assert task["created_at"] == "2025-11-20T03:46:00.380Z"
    assert task["updated_at"] > task["created_at"]


@pytest.mark.parametrize(
    "task_id", [V4, "ffffffff-ffff-7fff-bfff-ffffffffffff", "f0000000" + V7[8:]]
)
def test_created_at_is_now_if_the_id_has_no_past_time(api, task_id: str):
    """A version 4 id has no time, and a time in the future is not used."""
    before = api.add()["created_at"]
    task = _put(api, task_id).json()
    assert before <= task["created_at"] == task["updated_at"]
    assert re.fullmatch(r"20\d\d-.*\.\d{3}Z", task["created_at"])


@pytest.mark.parametrize("fault", ["answer lost", "answer cut off", "dropped"])
def test_put_that_the_sdk_retries_creates_the_task_once(api, wire, fault: str):
    """A retried PUT does not conflict with its own first attempt."""
    wire.inject(fault, times=1)
    assert _put(api, V7).status == 201
    assert _put(api, V7).status == 412
