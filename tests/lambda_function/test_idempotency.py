"""Idempotency-Key: a repeated POST creates one task and gets one response."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

KEY = {"Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}


def _post(api: Any, body: Any = None, headers: dict[str, str] = KEY) -> Any:
    return api("POST", "/tasks", body or {"title": "once"}, headers=headers)


def _record(table: Any) -> dict[str, Any]:
    items = table.scan(TableName="TaskTable")["Items"]
    (record,) = [item for item in items if item["task_id"]["S"].startswith("idempotency#")]
    return dict(record)


def test_three_equal_posts_make_one_task(api):
    """The same key and body answer the same 201, Location and tag three times."""
    answers = [_post(api) for _ in range(3)]
    assert answers[0].status == 201
    assert answers[1:] == answers[:1] * 2
    assert len(api("GET", "/tasks").json()) == 1


def test_posts_without_a_key_make_a_task_each(api):
    """Three equal POSTs without a key make three tasks."""
    assert len({_post(api, headers={}).json()["task_id"] for _ in range(3)}) == 3


def test_same_content_written_differently_is_the_same(api):
    """Bodies are compared as tasks, not as bytes."""
    first = _post(api, '{"title": "once", "status": "pending"}')
    assert _post(api, '{ "description":"", "title" : " onc\\u0065 "}') == first


def test_twenty_parallel_posts_make_one_task(api):
    """20 POSTs with one key at once get one answer."""
    with ThreadPoolExecutor(20) as clients:
        answers = list(clients.map(lambda _: _post(api), range(20)))
    assert {(answer.status, answer.text) for answer in answers} == {(201, answers[0].text)}
    assert len(api("GET", "/tasks").json()) == 1


@pytest.mark.parametrize("change", ["edited", "deleted"])
def test_answer_stays_the_first_one(api, change: str):
    """A repeated POST gets the first response even after the task was edited or deleted."""
    first = _post(api)
    path = f"/tasks/{first.json()['task_id']}"
    if change == "edited":
        api("PUT", path, {"title": "twice"})
    else:
        api("DELETE", path)
    assert _post(api) == first
    assert len(api("GET", "/tasks").json()) == (1 if change == "edited" else 0)


def test_key_with_another_body_is_rejected(api):
    """The same key with another task answers 422 and makes no task."""
    _post(api)
    answer = _post(api, {"title": "other"})
    assert (answer.status, answer.slug) == (422, "idempotency-key-reused")
    assert len(api("GET", "/tasks").json()) == 1


def test_request_in_progress_is_a_conflict(api, wire):
    """While another request with the key is written, the answer is 409 with Retry-After."""
    wire.inject("TransactionConflict")
    answer = _post(api)
    assert (answer.status, answer.slug) == (409, "request-in-progress")
    assert answer.headers["retry-after"] == "1"
    wire.clear_faults()
    assert _post(api).status == 201
    assert len(api("GET", "/tasks").json()) == 1


def test_invalid_body_does_not_use_the_key(api):
    """The key of a rejected POST can be used again."""
    assert _post(api, {"title": ""}).status == 422
    assert _post(api).status == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\nb", "\x00", "\ud800"])
def test_invalid_key_is_rejected(api, key: str):
    """A key that is empty, too long or not printable ASCII answers 400."""
    answer = _post(api, headers={"idempotency-key": key})
    assert (answer.status, answer.slug) == (400, "invalid-idempotency-key")
    assert api("GET", "/tasks").json() == []


@pytest.mark.parametrize("key", ["x", "x" * 255, '"quoted"', "a b", "idempotency#", "~!"])
def test_any_printable_key_is_accepted(api, key: str):
    """A key has 1 to 255 printable ASCII characters."""
    first = _post(api, headers={"idempotency-key": key})
    assert first.status == 201
    assert _post(api, headers={"idempotency-key": key}) == first


def test_expired_key_is_free_again(api, table):
    """A record expires after 24 hours, even if TTL has not removed it."""
    first = _post(api)
    record = _record(table)
    record["expires_at"] = {"N": str(int(record["expires_at"]["N"]) - 24 * 60 * 60)}
    table.put_item(TableName="TaskTable", Item=record)
    second = _post(api, {"title": "other"})
    assert second.status == 201
    assert second.json()["task_id"] != first.json()["task_id"]
    assert _post(api, {"title": "other"}) == second


def test_record_is_not_a_task(api, table):
    """Records are not listed, and no path reaches them."""
    task = _post(api).json()
    record_id = _record(table)["task_id"]["S"]
    assert api("GET", "/tasks").json() == [task]
    for path in (record_id, record_id.replace("#", "%23")):
        for method in ("GET", "PUT", "DELETE"):
            assert api(method, f"/tasks/{path}", {"title": "x"}).status == 404
    assert _record(table)


def test_record_holds_no_key(api, table):
    """The key itself is not stored, only its hash."""
    _post(api)
    assert KEY["Idempotency-Key"] not in str(_record(table))
