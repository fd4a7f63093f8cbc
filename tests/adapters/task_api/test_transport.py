"""Retries of the client when the network fails or the service throttles, on the real service."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from tasktracker_ops import Task, TaskClient, TtOpsError


@pytest.fixture
def client(service: Any) -> TaskClient:
    """A client of the service."""
    return TaskClient(service.url, patience=5)


def titles(client: TaskClient) -> list[str | None]:
    """All titles, newest first."""
    return [task.title for task in client.list()]


def code(call: Callable[[], object]) -> str:
    """The code of the error that a call ends with."""
    with pytest.raises(TtOpsError) as caught:
        call()
    return caught.value.code


def test_all_pages_are_read(service: Any, client: TaskClient) -> None:
    """In pages of 100, or of a smaller limit."""
    expected = [client.add(f"task {number}").title for number in range(105)]
    assert titles(client) == expected[::-1]
    assert len([asked for asked in service.asked if asked.startswith("GET")]) == 2
    assert [task.title for task in client.list(limit=102)] == expected[:2:-1]
    assert len(list(client.list(limit=7))) == 7
    assert service.asked[-1] == "GET /tasks?limit=7"
    assert list(client.list(limit=0)) == []


def test_list_is_filtered_by_status(client: TaskClient) -> None:
    """By the service."""
    client.add("first", status="done")
    client.add("second")
    assert [task.title for task in client.list("done")] == ["first"]


@pytest.mark.parametrize("kind", ["dropped", "answer lost", "429", "503"])
def test_failed_call_is_retried(service: Any, client: TaskClient, kind: str) -> None:
    """Each method has its effect once, and returns its usual result."""
    service.fail("POST", kind)
    task = client.add("once")
    assert titles(client) == ["once"]
    service.fail("GET", kind)
    assert client.show(task.task_id) == task
    service.fail("PATCH", kind)
    edited = client.edit(task.task_id, title=" twice ", if_match=task.version)
    assert (edited.title, edited.version) == ("twice", 2)
    service.fail("DELETE", kind)
    client.remove(task.task_id, if_match=2)
    assert titles(client) == []


@pytest.mark.parametrize(("kind", "asked"), [("dropped", 1), ("503", 1), ("429", 2)])
def test_edit_without_if_match_is_retried_only_if_throttled(
    service: Any, client: TaskClient, kind: str, asked: int
) -> None:
    """A second attempt could undo a change that someone else made in between."""
    task = client.add("first")
    service.asked.clear()
    service.fail("PATCH", kind)
    if asked == 1:
        found = code(lambda: client.edit(task.task_id, status="done"))
        assert found in {"api-unreachable", "api-unavailable"}
    else:
        assert client.edit(task.task_id, status="done").version == 2
    assert len(service.asked) == asked


def test_lost_answer_is_distinguished_from_another_edit(service: Any, client: TaskClient) -> None:
    """After a lost answer and a 412, fields and version of the task are compared."""
    task = client.add("first")
    others = TaskClient(service.url)

    def interfere(request: str) -> None:
        if request.startswith("PATCH") and service.asked.count(request) == 2:
            service.before = lambda request: None
            others.edit(task.task_id, title="theirs")

    service.before = interfere
    service.fail("PATCH", "answer lost")
    assert code(lambda: client.edit(task.task_id, title="ours", if_match=1)) == "task-changed"
    assert client.show(task.task_id).version == 3
    service.fail("PATCH", "dropped")
    service.asked.clear()
    service.before = interfere
    assert code(lambda: client.edit(task.task_id, title="ours", if_match=3)) == "task-changed"


def test_if_match_prevents_overwriting(client: TaskClient) -> None:
    """A 412 is not retried."""
    task = client.add("first")
    client.edit(task.task_id, title="second")
    for call in (
        lambda: client.edit(task.task_id, title="third", if_match=1),
        lambda: client.edit(task.task_id, title="third", if_match='"1"'),
        lambda: client.remove(task.task_id, if_match=1),
    ):
        assert code(call) == "task-changed"
    assert titles(client) == ["second"]


def test_removing_a_missing_task_is_an_error(client: TaskClient) -> None:
    """Except after an attempt that may have removed it."""
    assert code(lambda: client.remove("nothing")) == "task-not-found"


def test_idempotency_key_creates_one_task(client: TaskClient) -> None:
    """The same fields return the first task; other fields are an error."""
    task = client.add("once", idempotency_key="key")
    assert client.add("once", idempotency_key="key") == task
    assert code(lambda: client.add("other", idempotency_key="key")) == "idempotency-key-reused"
    assert titles(client) == ["once"]
    assert client.add("once").task_id != client.add("once").task_id


def test_request_in_progress_is_retried(server: Any) -> None:
    """The API answers 409 while the first attempt, whose answer was lost, is carried out."""
    problem = '{"type": "urn:task-tracker:problem:request-in-progress", "title": "x"}'
    server.will_answer(409, problem, content_type="application/problem+json", retry_after="0")
    server.will_answer(201, '{"task_id": "1"}')
    assert TaskClient(server.url).add("first") == Task("1")
    keys = {request.headers["idempotency-key"] for request in server.asked}
    assert (len(server.asked), len(keys)) == (2, 1)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 500, 502])
def test_other_responses_are_not_retried(server: Any, status: int) -> None:
    """Each call is one request."""
    server.will_answer(status, "{}")
    client = TaskClient(server.url)
    for call in (lambda: client.add("x"), lambda: client.show("1"), lambda: client.remove("1")):
        server.asked.clear()
        code(call)
        assert len(server.asked) == 1


def date(seconds: float) -> str:
    """An HTTP date in so many seconds."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("status", "wait", "least"),
    [(429, lambda: "1", 1.0), (503, lambda: date(2), 0.9), (503, lambda: "nonsense", 0.0)],
)
def test_retry_after_is_the_shortest_pause(
    server: Any, status: int, wait: Callable[[], str], least: float
) -> None:
    """`Retry-After` may be in seconds or a date; an invalid value is ignored."""
    server.will_answer(status, retry_after=wait())
    server.will_answer(200, '{"task_id": "1"}')
    started = time.monotonic()
    assert TaskClient(server.url).show("1") == Task("1")
    assert least <= time.monotonic() - started < least + 2


@pytest.mark.parametrize("wait", ["86400", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_call_is_not_retried_after_its_limit(server: Any, wait: str) -> None:
    """A pause that would exceed the limit is not begun."""
    server.will_answer(503, retry_after=wait)
    started = time.monotonic()
    assert code(lambda: TaskClient(server.url).show("1")) == "api-unavailable"
    assert time.monotonic() - started < 2
    assert len(server.asked) == 1


def test_limit_is_for_all_attempts(server: Any) -> None:
    """Not for each of them."""
    server.will_answer(429)
    started = time.monotonic()
    assert code(lambda: TaskClient(server.url, patience=1).show("1")) == "api-throttled"
    assert 0.2 < time.monotonic() - started < 2
    assert len(server.asked) > 2


def test_failing_connection_is_tried_four_times() -> None:
    """Whatever the limit."""
    attempts = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

        def hang_up() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    attempts.append(connection.getpeername())
                    connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        found = code(lambda: TaskClient(url, patience=3600).show("1"))
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert (found, len(attempts)) == ("api-unreachable", 4)


def test_probe_is_not_retried(server: Any) -> None:
    """It measures one request; an error status is no error."""
    server.will_answer(503)
    assert TaskClient(server.url).probe("health").status_code == 503
    assert len(server.asked) == 1


def test_threads_share_a_rate_limiter(service: Any, client: TaskClient) -> None:
    """A throttled request delays all threads; no task is lost or created twice."""
    service.fail("POST", "429", times=4, retry_after="1")
    started = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        tasks = list(pool.map(client.add, [f"task {number}" for number in range(20)]))
    assert time.monotonic() - started > 1
    assert len({task.task_id for task in tasks}) == 20
    assert Counter(titles(client)) == Counter(task.title for task in tasks)
    # The first four are throttled together; no other request is.
    assert len([asked for asked in service.asked if asked.startswith("POST")]) == 24
