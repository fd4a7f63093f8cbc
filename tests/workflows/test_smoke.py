"""The smoke check: which responses count as a working API."""

from __future__ import annotations

from typing import Any

import pytest

from tasktracker_ops.adapters.task_api.authorization import BearerAuth
from tasktracker_ops.adapters.task_api.client import TaskClient
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.plan import Plan
from tasktracker_ops.workflows.smoke import smoke_check, smoke_timeout
from tests.errors import raises

HEALTHY = (200, '{"status": "ok"}', "application/json")
UNAUTHORIZED = (401, '{"message":"Unauthorized"}', "application/json")
FORBIDDEN = (403, '{"message":"Forbidden"}', "application/json")
NO_TASK = (404, '{"type": "urn:task-tracker:problem:task-not-found"}', "application/problem+json")


def answers(server: Any, *several: tuple[int, str, str], token: str | None = None) -> TaskClient:
    """Return a client of a server that sends these responses in turn."""
    for status, body, kind in several:
        server.will_answer(status, body, content_type=kind)
    return TaskClient(server.url, authorise=BearerAuth(token, server.url) if token else None)


def test_a_working_api_gets_two_requests(server: Any) -> None:
    """Its health and a task that cannot exist are read; nothing is written."""
    assert smoke_check(answers(server, HEALTHY, NO_TASK), api_auth="NONE", timeout=0)
    assert [(r.method, r.path) for r in server.asked] == [
        ("GET", "/health"),
        ("GET", "/tasks/00000000-0000-0000-0000-000000000000"),
    ]


def test_a_new_api_may_take_a_moment(server: Any) -> None:
    """The check is repeated until its timeout."""
    busy = (503, '{"message": "Service Unavailable"}', "application/json")
    smoke_check(answers(server, busy, HEALTHY, NO_TASK), api_auth="NONE", timeout=5)
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
def test_an_unexpected_response_is_quoted(
    server: Any, several: list[tuple[int, str, str]], quoted: str
) -> None:
    """The error names the expected status, and the hint is a curl command."""
    with raises("api-unhealthy") as caught:
        smoke_check(answers(server, *several), api_auth="NONE", timeout=0)
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
def test_an_api_with_jwt_may_reject_the_token(
    server: Any, token: str | None, answer: tuple[int, str, str], complete: bool
) -> None:
    """An invalid token is no fault of the version, but then the table was not checked."""
    api = answers(server, HEALTHY, answer, token=token)
    assert smoke_check(api, api_auth="JWT", timeout=0) is complete


@pytest.mark.parametrize(
    ("several", "quoted"),
    [
        ([HEALTHY, NO_TASK], "404 instead of 401"),
        ([HEALTHY, FORBIDDEN], "403 instead of 401"),
        ([UNAUTHORIZED], "401 instead of 200"),
        ([(500, "{}", "application/json")], "500 instead of 200"),
    ],
)
def test_an_api_with_jwt_serves_only_its_health_without_a_token(
    server: Any, several: list[tuple[int, str, str]], quoted: str
) -> None:
    """Anything else fails the check."""
    with pytest.raises(TtOpsError, match=quoted):
        smoke_check(answers(server, *several), api_auth="JWT", timeout=0)


def test_an_unreachable_api_fails_with_the_clients_error() -> None:
    """Its code is that of the client."""
    with raises("api-unreachable"):
        smoke_check(TaskClient("http://127.0.0.1:9"), api_auth="NONE", timeout=0)


def test_a_deploy_that_adds_resources_gives_the_api_more_time() -> None:
    """A new role or API takes a while to reach all of AWS."""
    assert smoke_timeout(Plan(1, 0, 0, ())) > smoke_timeout(Plan(0, 1, 0, ()))
