"""The HTTP client of the task API, with a local server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tasktracker_ops.adapters.task_api.client import TaskClient
from tasktracker_ops.errors import ConfigurationError, ExitCode, TtOpsError
from tasktracker_ops.models.task import Task

TASK = {"task_id": "1", "title": "first", "status": "pending", "version": 1}
PROBLEM = {"content_type": "application/problem+json"}
JSON = {"content_type": "application/json"}


def problem(slug: str, **members: Any) -> str:
    """A problem document as the service writes it."""
    return json.dumps({"type": f"urn:task-tracker:problem:{slug}", "title": slug, **members})


def failure(client: TaskClient) -> TtOpsError:
    """Return the error of reading a task."""
    with pytest.raises(TtOpsError) as caught:
        client.show("1")
    return caught.value


def test_each_call_is_one_request(server: Any) -> None:
    """Method, path and JSON are what the API describes."""
    server.will_answer(200, json.dumps(TASK), **JSON)
    client = TaskClient(server.url)
    assert client.add("first") == Task.from_json(TASK)
    assert client.show("1").status == "pending"
    client.edit("1", status="done")
    client.remove("1")
    assert [(r.method, r.path, r.body) for r in server.asked] == [
        ("POST", "/tasks", b'{"title": "first"}'),
        ("GET", "/tasks/1", b""),
        ("PATCH", "/tasks/1", b'{"status": "done"}'),
        ("DELETE", "/tasks/1", b""),
    ]
    types = [request.headers.get("content-type") for request in server.asked]
    assert types == ["application/json", None, "application/merge-patch+json", None]
    assert server.asked[0].headers["idempotency-key"]


@pytest.mark.parametrize("end", ["", "/", "/stage", "/stage/"])
def test_address_may_have_a_path(server: Any, end: str) -> None:
    """Such as a stage, or the mapping of a custom domain."""
    server.will_answer(204)
    TaskClient(server.url + end).remove("1")
    assert server.asked[0].path == f"{end.rstrip('/')}/tasks/1"


@pytest.mark.parametrize(
    ("task_id", "path"), [("a/b", "a%2Fb"), ("é ?#", "%C3%A9%20%3F%23"), ("%2F", "%252F")]
)
def test_id_is_one_segment_of_the_path(server: Any, task_id: str, path: str) -> None:
    """It is encoded, so that it cannot name another resource."""
    server.will_answer(204)
    TaskClient(server.url).remove(task_id)
    assert server.asked[0].path == f"/tasks/{path}"


@pytest.mark.parametrize("task_id", ["", ".", ".."])
def test_id_that_changes_the_path_is_not_sent(server: Any, task_id: str) -> None:
    """`tasks/..` is the root."""
    with pytest.raises(TtOpsError, match="no task") as caught:
        TaskClient(server.url).remove(task_id)
    assert caught.value.code == "task-not-found"
    assert server.asked == []


def test_pages_are_fetched_as_needed(server: Any) -> None:
    """The address of the next page comes from the Link header."""
    server.will_answer(200, json.dumps([TASK]), **JSON, link='</tasks?cursor=a%2Bb>; rel="next"')
    server.will_answer(200, json.dumps([{"task_id": "2"}]), **JSON)
    tasks = TaskClient(server.url).list()
    assert next(tasks).task_id == "1"
    assert len(server.asked) == 1
    assert [task.task_id for task in tasks] == ["2"]
    assert server.asked[1].path == "/tasks?cursor=a%2Bb"


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (404, problem("task-not-found", detail="There is no task 1."), "task-not-found"),
        (422, problem("invalid-task", detail="The task is not valid."), "task-invalid"),
        (413, problem("body-too-large", detail="The body is too large."), "task-too-large"),
        (413, '{"message": "Request Entity Too Large"}', "task-too-large"),
        (401, '{"message": "Unauthorized"}', "api-forbidden"),
        (403, '{"message": "Forbidden"}', "api-forbidden"),
        (429, '{"message": "Too Many Requests"}', "api-throttled"),
        (500, '{"message": "Internal Server Error"}', "api-error"),
        (502, "<html>Bad Gateway</html>", "api-error"),
        (500, "[]", "api-error"),
        (400, '{"errors": 7}', "api-error"),
    ],
)
def test_error_response_has_a_code_and_the_apis_detail(
    server: Any, status: int, body: str, code: str
) -> None:
    """The message starts with method, address and status, and has no full stop."""
    server.will_answer(status, body)
    error = failure(TaskClient(server.url, patience=0))
    assert (error.code, error.exit_code) == (code, ExitCode.FAILED)
    assert error.message.startswith(f"GET {server.url}/tasks/1: {status} ")
    assert not error.message.endswith(".")


def test_error_of_a_field_is_in_the_message(server: Any) -> None:
    """With the pointer to the field."""
    errors = [{"pointer": "#/title", "detail": "is empty"}, "not an object"]
    body = problem("invalid-task", detail="The task is not valid.", errors=errors)
    server.will_answer(422, body, **PROBLEM)
    with pytest.raises(TtOpsError) as caught:
        TaskClient(server.url).add("")
    assert caught.value.message.endswith("422 The task is not valid (#/title is empty)")


@pytest.mark.parametrize(
    ("slug", "code", "hint"),
    [
        ("invalid-parameter", "parameter-invalid", "tt-ops tasks list --help"),
        ("invalid-cursor", "cursor-invalid", "tt-ops tasks list"),
        ("invalid-idempotency-key", "idempotency-key-invalid", "tt-ops tasks add --help"),
        ("malformed-body", "api-error", "tt-ops tasks --help"),
    ],
)
def test_error_of_a_request_is_not_repeated(server: Any, slug: str, code: str, hint: str) -> None:
    """Each problem has its own hint."""
    errors = [{"parameter": "x", "detail": "must be one of a, b"}]
    detail = "The parameter 'x' must be one of a, b."
    server.will_answer(400, problem(slug, detail=detail, errors=errors), **PROBLEM)
    error = failure(TaskClient(server.url))
    assert error.code == code
    assert error.message.endswith("/tasks/1: 400 The parameter 'x' must be one of a, b")
    assert error.hint.endswith(f": {hint}")


@pytest.mark.parametrize("task_id", ["a/b", "é", "a b", "x" * 129])
def test_invalid_id_is_a_missing_task(server: Any, task_id: str) -> None:
    """The service has no route for it; the address is right."""
    server.will_answer(404, problem("route-not-found"), **PROBLEM)
    with pytest.raises(TtOpsError, match="404 this is not a valid task id") as caught:
        TaskClient(server.url).show(task_id)
    assert caught.value.code == "task-not-found"


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (200, "<html>Welcome</html>", {"content_type": "text/html"}),
        (200, "[]", JSON),
        (200, "{}", JSON),
        (200, "null", JSON),
        (204, "", {}),
        (301, "", {"location": "https://elsewhere.example.com/"}),
        (404, "<html>Not Found</html>", {"content_type": "text/html"}),
        (404, '{"message": "Not Found"}', JSON),
        (404, problem("route-not-found"), PROBLEM),
    ],
)
def test_response_of_another_server_is_an_error(
    server: Any, status: int, body: str, headers: dict[str, str]
) -> None:
    """It is not taken for a missing task."""
    server.will_answer(status, body, **headers)
    error = failure(TaskClient(server.url))
    assert error.code == "api-answer-unreadable"
    assert f"{server.url}/tasks/1 does not answer as the task API: {status}" in error.message


@pytest.mark.parametrize("body", ["{}", "[1]", "[{}]", "<html>"])
def test_list_of_another_server_is_an_error(server: Any, body: str) -> None:
    """It is not taken for an empty list."""
    server.will_answer(200, body)
    with pytest.raises(TtOpsError) as caught:
        list(TaskClient(server.url).list())
    assert caught.value.code == "api-answer-unreadable"


def test_connection_error_has_the_innermost_reason() -> None:
    """The hint is a command to try."""
    error = failure(TaskClient("http://127.0.0.1:9"))
    assert error.code == "api-unreachable"
    assert "Connection refused" in error.message
    assert error.hint.endswith("curl -i http://127.0.0.1:9/tasks/1")


@pytest.mark.parametrize("url", ["", "tasks.example.com", "ftp://x", "https://", "https://[x"])
def test_invalid_address_is_a_configuration_error(url: str) -> None:
    """The message quotes it."""
    with pytest.raises(ConfigurationError) as caught:
        TaskClient(url)
    assert caught.value.code == "api-url-invalid"
    assert repr(url) in caught.value.message


def test_password_in_the_address_is_in_no_message(server: Any) -> None:
    """It is sent, but no error quotes it."""
    server.will_answer(500)
    server.will_answer(200, "no JSON")
    address = server.url.replace("//", "//someone:canary@")
    errors = [failure(TaskClient(address, patience=0)) for _ in range(2)]
    assert server.asked[0].headers["authorization"].startswith("Basic ")
    errors.append(failure(TaskClient("http://someone:canary@127.0.0.1:1", patience=0)))
    with pytest.raises(ConfigurationError) as caught:
        TaskClient("ftp://someone:canary@example.com")
    for error in (*errors, caught.value):
        assert "canary" not in error.message + error.hint


def test_task_is_created_under_its_id_once(server: Any) -> None:
    """The request has a precondition; an existing task is no error."""
    server.will_answer(201, "{}")
    server.will_answer(412, "{}")
    client = TaskClient(server.url)
    assert client.create_under_id("a", {"title": "first"}) is True
    assert client.create_under_id("a", {"title": "first"}) is False
    for request in server.asked:
        assert (request.method, request.path) == ("PUT", "/tasks/a")
        assert request.headers["if-none-match"] == "*"
        assert json.loads(request.body) == {"title": "first"}
