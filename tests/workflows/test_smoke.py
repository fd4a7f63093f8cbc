"""The check after a deploy: what counts as an API that works."""

from __future__ import annotations

from typing import Any

import pytest

from tasktracker_ops.adapters.task_client import TaskClient
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.workflows.smoke import smoke_check

HEALTHY = (200, '{"status": "ok"}', "application/json")
NO_TASK = (404, '{"type": "urn:task-tracker:problem:task-not-found"}', "application/problem+json")


def answers(server: Any, *several: tuple[int, str, str]) -> TaskClient:
    """A client of a server that gives these in turn."""
    for status, body, kind in several:
        server.will_answer(status, body, content_type=kind)
    return TaskClient(server.url)


def test_an_api_that_works_is_asked_twice(server: Any) -> None:
    """For its health and for a task that cannot exist: nothing is written."""
    smoke_check(answers(server, HEALTHY, NO_TASK), patience=0)
    assert [(r.method, r.path) for r in server.asked] == [
        ("GET", "/health"),
        ("GET", "/tasks/00000000-0000-0000-0000-000000000000"),
    ]


def test_an_api_may_take_its_time(server: Any) -> None:
    """A new one does not serve in its first moments."""
    busy = (503, '{"message": "Service Unavailable"}', "application/json")
    smoke_check(answers(server, busy, HEALTHY, NO_TASK), patience=5)
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("several", "quoted"),
    [
        ([(500, '{"message": "Internal Server Error"}', "application/json")], "500 instead of 200"),
        ([(200, "<html>parked</html>", "text/html")], "<html>parked</html>"),
        ([HEALTHY, (500, "{}", "application/problem+json")], "500 instead of 404"),
        ([HEALTHY, (404, '{"message":"Not Found"}', "application/json")], "Not Found"),
        ([HEALTHY, (200, "{}", "application/json")], "200 instead of 404"),
    ],
)
def test_a_wrong_answer_is_quoted(
    server: Any, several: list[tuple[int, str, str]], quoted: str
) -> None:
    """With what was expected, and how to ask by hand."""
    with pytest.raises(TtOpsError) as caught:
        smoke_check(answers(server, *several), patience=0)
    assert caught.value.code == "api-unwell"
    assert quoted in caught.value.message
    assert caught.value.hint.endswith(f": curl -i {server.url}{server.asked[-1].path}")


def test_no_answer_at_all_is_told() -> None:
    """As the client tells it."""
    with pytest.raises(TtOpsError) as caught:
        smoke_check(TaskClient("http://127.0.0.1:9"), patience=0)
    assert caught.value.code == "api-unreachable"
