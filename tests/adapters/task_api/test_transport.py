"""What the client makes of a network that fails and a service that is busy, on the real service."""

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


def test_all_pages_are_walked(service: Any, client: TaskClient) -> None:
    """In pages of 100, or less where less is wanted."""
    made = [client.add(f"task {number}").title for number in range(105)]
    assert titles(client) == made[::-1]
    assert len([asked for asked in service.asked if asked.startswith("GET")]) == 2
    assert [task.title for task in client.list(limit=102)] == made[:2:-1]
    assert len(list(client.list(limit=7))) == 7
    assert service.asked[-1] == "GET /tasks?limit=7"
    assert list(client.list(limit=0)) == []


def test_a_status_is_asked_for(client: TaskClient) -> None:
    """The service filters."""
    client.add("first", status="done")
    client.add("second")
    assert [task.title for task in client.list("done")] == ["first"]


@pytest.mark.parametrize("kind", ["dropped", "answer lost", "429", "503"])
def test_a_call_survives_a_failure(service: Any, client: TaskClient, kind: str) -> None:
    """Each kind, on each method: done once, and answered as if nothing had been."""
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
def test_an_unguarded_edit_is_repeated_only_if_throttled(
    service: Any, client: TaskClient, kind: str, asked: int
) -> None:
    """Otherwise the second attempt could undo what somebody else has changed in between."""
    task = client.add("first")
    service.asked.clear()
    service.fail("PATCH", kind)
    if asked == 1:
        unsure = code(lambda: client.edit(task.task_id, status="done"))
        assert unsure in {"api-unreachable", "api-unavailable"}
    else:
        assert client.edit(task.task_id, status="done").version == 2
    assert len(service.asked) == asked


def test_an_edit_whose_answer_was_lost_is_told_from_somebody_elses(
    service: Any, client: TaskClient
) -> None:
    """After a lost answer and a 412, the task is compared: fields and version."""
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


def test_a_guarded_call_does_not_overwrite(client: TaskClient) -> None:
    """412 is an answer; nothing is tried again."""
    task = client.add("first")
    client.edit(task.task_id, title="second")
    for call in (
        lambda: client.edit(task.task_id, title="third", if_match=1),
        lambda: client.edit(task.task_id, title="third", if_match='"1"'),
        lambda: client.remove(task.task_id, if_match=1),
    ):
        assert code(call) == "task-changed"
    assert titles(client) == ["second"]


def test_removing_what_is_not_there_is_told(client: TaskClient) -> None:
    """Only after an attempt that may have removed it is it a success."""
    assert code(lambda: client.remove("nothing")) == "task-not-found"


def test_a_key_makes_one_task(client: TaskClient) -> None:
    """The first is given again; another one under the same key is refused."""
    task = client.add("once", idempotency_key="key")
    assert client.add("once", idempotency_key="key") == task
    assert code(lambda: client.add("other", idempotency_key="key")) == "idempotency-key-reused"
    assert titles(client) == ["once"]
    assert client.add("once").task_id != client.add("once").task_id


def test_the_same_request_under_way_is_waited_for(server: Any) -> None:
    """409 comes after a lost answer, when the first attempt is still being carried out."""
    problem = '{"type": "urn:task-tracker:problem:request-in-progress", "title": "x"}'
    server.will_answer(409, problem, content_type="application/problem+json", retry_after="0")
    server.will_answer(201, '{"task_id": "1"}')
    assert TaskClient(server.url).add("first") == Task("1")
    keys = {request.headers["idempotency-key"] for request in server.asked}
    assert (len(server.asked), len(keys)) == (2, 1)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 500, 502])
def test_other_answers_are_final(server: Any, status: int) -> None:
    """One request, whatever the method."""
    server.will_answer(status, "{}")
    client = TaskClient(server.url)
    for call in (lambda: client.add("x"), lambda: client.show("1"), lambda: client.remove("1")):
        server.asked.clear()
        code(call)
        assert len(server.asked) == 1


def date(seconds: float) -> str:
    """An HTTP date in so many seconds."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("wait", "least"), [(lambda: "1", 1.0), (lambda: date(2), 0.9), (lambda: "nonsense", 0.0)]
)
def test_the_api_says_when(server: Any, status: int, wait: Callable[[], str], least: float) -> None:
    """`Retry-After` in seconds or as a date is the least that is waited; nonsense is not read."""
    server.will_answer(status, retry_after=wait())
    server.will_answer(200, '{"task_id": "1"}')
    started = time.monotonic()
    assert TaskClient(server.url).show("1") == Task("1")
    assert least <= time.monotonic() - started < least + 2


@pytest.mark.parametrize("wait", ["86400", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_patience_ends(server: Any, wait: str) -> None:
    """Nobody waits for what will come too late."""
    server.will_answer(503, retry_after=wait)
    started = time.monotonic()
    assert code(lambda: TaskClient(server.url).show("1")) == "api-unavailable"
    assert time.monotonic() - started < 2
    assert len(server.asked) == 1


def test_patience_is_for_the_whole_call(server: Any) -> None:
    """However often the API says no."""
    server.will_answer(429)
    started = time.monotonic()
    assert code(lambda: TaskClient(server.url, patience=1).show("1")) == "api-throttled"
    assert 0.2 < time.monotonic() - started < 2
    assert len(server.asked) > 2


def test_a_service_that_is_gone_is_told_soon() -> None:
    """Four attempts, whatever the patience: more would not tell more."""
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


def test_a_probe_is_one_request(server: Any) -> None:
    """What is measured or drilled is what happened once."""
    server.will_answer(503)
    assert TaskClient(server.url).probe("health").status_code == 503
    assert len(server.asked) == 1


def test_threads_share_a_client_and_its_pace(service: Any, client: TaskClient) -> None:
    """One that is throttled holds back all, and nothing is lost or doubled."""
    service.fail("POST", "429", times=8, retry_after="1")
    started = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(client.add, [f"task {number}" for number in range(20)]))
    assert time.monotonic() - started > 1
    assert len({task.task_id for task in made}) == 20
    assert Counter(titles(client)) == Counter(task.title for task in made)
    # 4 at once, all throttled, then 4 once more: not 8 in a row by each.
    assert len([asked for asked in service.asked if asked.startswith("POST")]) == 28
