"""The check after a deploy: what counts as an API that works."""

from __future__ import annotations

from typing import Any

import pytest

from tasktracker_ops.adapters.task_api.authorization import BearerAuth
from tasktracker_ops.adapters.task_api.client import TaskClient
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.workflows.smoke import smoke_check

HEALTHY = (200, '{"status": "ok"}', "application/json")
UNAUTHORIZED = (401, '{"message":"Unauthorized"}', "application/json")
FORBIDDEN = (403, '{"message":"Forbidden"}', "application/json")
NO_TASK = (404, '{"type": "urn:task-tracker:problem:task-not-found"}', "application/problem+json")


def answers(server: Any, *several: tuple[int, str, str], token: str | None = None) -> TaskClient:
    """A client of a server that gives these in turn."""
    for status, body, kind in several:
        server.will_answer(status, body, content_type=kind)
    return TaskClient(server.url, authorise=BearerAuth(token, server.url) if token else None)


def test_an_api_that_works_is_asked_twice(server: Any) -> None:
    """For its health and for a task that cannot exist: nothing is written."""
    assert smoke_check(answers(server, HEALTHY, NO_TASK), api_auth="NONE", patience=0)
    assert [(r.method, r.path) for r in server.asked] == [
        ("GET", "/health"),
        ("GET", "/tasks/00000000-0000-0000-0000-000000000000"),
    ]


def test_an_api_may_take_its_time(server: Any) -> None:
    """A new one does not serve in its first moments."""
    busy = (503, '{"message": "Service Unavailable"}', "application/json")
    smoke_check(answers(server, busy, HEALTHY, NO_TASK), api_auth="NONE", patience=5)
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
        smoke_check(answers(server, *several), api_auth="NONE", patience=0)
    assert caught.value.code == "api-unhealthy"
    assert quoted in caught.value.message
    assert caught.value.hint.endswith(f": curl -i {server.url}{server.asked[-1].path}")


@pytest.mark.parametrize(
    ("token", "answer", "complete"),
    [
        ("good", NO_TASK, True),
        ("expired", UNAUTHORIZED, False),
        ("weak", FORBIDDEN, False),
        (None, UNAUTHORIZED, False),
    ],
)
def test_an_api_that_takes_tokens_may_turn_us_away(
    server: Any, token: str | None, answer: tuple[int, str, str], complete: bool
) -> None:
    """A token that does not hold is no fault of the version, but then the table was not seen."""
    api = answers(server, HEALTHY, answer, token=token)
    assert smoke_check(api, api_auth="JWT", patience=0) is complete


@pytest.mark.parametrize(
    ("several", "quoted"),
    [
        ([HEALTHY, NO_TASK], "404 instead of 401"),
        ([HEALTHY, FORBIDDEN], "403 instead of 401"),
        ([UNAUTHORIZED], "401 instead of 200"),
        ([(500, "{}", "application/json")], "500 instead of 200"),
    ],
)
def test_an_api_that_takes_tokens_lets_a_stranger_see_its_health_only(
    server: Any, several: list[tuple[int, str, str]], quoted: str
) -> None:
    """More or less is wrong."""
    with pytest.raises(TtOpsError, match=quoted):
        smoke_check(answers(server, *several), api_auth="JWT", patience=0)


def test_no_answer_at_all_is_told() -> None:
    """As the client tells it."""
    with pytest.raises(TtOpsError) as caught:
        smoke_check(TaskClient("http://127.0.0.1:9"), api_auth="NONE", patience=0)
    assert caught.value.code == "api-unreachable"
