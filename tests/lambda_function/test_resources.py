"""Routes, methods, and what a client may write."""

import base64
import json
import re
from typing import Any

import pytest

from tasks import Task

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_health_needs_no_database(api, wire):
    """GET /health answers 200 without a call to DynamoDB."""
    wire.inject("dropped")
    answer = api("GET", "/health")
    assert (answer.status, answer.json()) == (200, {"status": "ok"})
    assert wire.calls == []


def test_created_task_is_complete(api):
    """POST answers 201 with the whole task, its defaults and its address."""
    answer = api("POST", "/tasks", {"title": "  Water the plants\n"})
    task = answer.json()
    assert answer.status == 201
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["location"] == f"tasks/{task['task_id']}"
    assert answer.headers["etag"] == '"1"'
    assert task["title"] == "Water the plants"
    assert task["description"] == ""
    assert task["status"] == "pending"
    assert task["version"] == 1
    assert TIME.fullmatch(task["created_at"])
    assert task["updated_at"] == task["created_at"]
    assert list(task) == list(Task.__dataclass_fields__)


def test_created_task_can_be_read(api):
    """GET on the id answers the same task with its entity tag."""
    task = api.add("Water", description="all of them", status="done")
    answer = api("GET", f"/tasks/{task['task_id']}")
    assert (answer.status, answer.json(), answer.headers["etag"]) == (200, task, '"1"')


@pytest.mark.parametrize(
    ("method", "media_type"),
    [("PUT", "application/json"), ("PATCH", "application/merge-patch+json")],
)
def test_update_changes_only_what_is_given(api, method: str, media_type: str):
    """PUT and PATCH change the given fields, increment the version and keep the rest."""
    task = api.add(description="all of them")
    headers = {"content-type": media_type}
    answer = api(method, f"/tasks/{task['task_id']}", {"status": "in_progress"}, headers=headers)
    changed = answer.json()
    assert (answer.status, answer.headers["etag"]) == (200, '"2"')
    assert changed.pop("updated_at") >= task.pop("updated_at")
    assert changed == {**task, "status": "in_progress", "version": 2}
    assert api("GET", f"/tasks/{task['task_id']}").json()["status"] == "in_progress"


def test_deleted_task_is_gone(api):
    """DELETE answers 204 without a body; after it GET, PUT and DELETE answer 404."""
    path = f"/tasks/{api.add()['task_id']}"
    answer = api("DELETE", path)
    assert (answer.status, answer.text) == (204, "")
    for method, body in (("GET", None), ("PUT", {"title": "back"}), ("DELETE", None)):
        assert api(method, path, body).slug == "task-not-found"
    assert api("GET", "/tasks").json() == []


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["#/title"]),
        ([], ["#"]),
        ("null", ["#"]),
        ({"title": ""}, ["#/title"]),
        ({"title": " \t\n "}, ["#/title"]),
        ({"title": " \x1c\x00\x85"}, ["#/title"]),
        ({"title": "\u200b"}, ["#/title"]),
        ({"title": "\u00ad\u2060\u200d\ufe0f \u3164\u2800"}, ["#/title"]),
        ({"title": "x" * 201}, ["#/title"]),
        ({"title": " " + "x" * 200}, ["#/title"]),
        ({"title": 1}, ["#/title"]),
        ({"title": True}, ["#/title"]),
        ({"title": None}, ["#/title"]),
        ({"title": ["x"]}, ["#/title"]),
        ({"title": "x", "description": "x" * 4001}, ["#/description"]),
        ({"title": "x", "description": None}, ["#/description"]),
        ({"title": "x", "status": "finished"}, ["#/status"]),
        ({"title": "x", "status": ["done"]}, ["#/status"]),
        ({"title": "\ud800"}, ["#/title"]),
        ({"title": "x", "task_id": "mine", "version": 9}, ["#/task_id", "#/version"]),
        ({"title": "x", "a/b~c é": 1}, ["#/a~1b~0c%20%C3%A9"]),
        ({"title": "x", "\ud800": 1}, ["#/%3F"]),
        ({"title": 5, "status": 5, "colour": "red"}, ["#/title", "#/status", "#/colour"]),
    ],
)
def test_invalid_fields_are_named(api, body: Any, pointers: list[str]):
    """POST answers 422 and a pointer for every invalid field."""
    answer = api("POST", "/tasks", body)
    assert answer.status == 422
    assert answer.slug == "invalid-task"
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers
    assert all(error["detail"] for error in answer.json()["errors"])


@pytest.mark.parametrize("body", [{}, {"created_at": "now"}, {"title": ""}, {"status": None}, []])
def test_invalid_update_changes_nothing(api, body: Any):
    """PUT of nothing, of a read-only or of an invalid field answers 422."""
    task = api.add()
    path = f"/tasks/{task['task_id']}"
    assert api("PUT", path, body).slug == "invalid-task"
    assert api("GET", path).json() == task


@pytest.mark.parametrize(
    "title", ["x" * 200, "é" * 200, "👩‍🚀", "a\u200bb", "a\x00b", "<b>", '"\\', "\u202eabc"]
)
def test_unicode_titles_come_back_as_sent(api, title: str):
    """Any valid Unicode of 1 to 200 characters is stored as it is."""
    task = api.add(title, description=title * 20)
    read = api("GET", f"/tasks/{task['task_id']}").json()
    assert (read["title"], read["description"]) == (title, title * 20)
    assert api("GET", "/tasks").json() == [task]


def test_longest_task_fits_into_the_body_limit(api):
    """The longest task is accepted with every character escaped."""
    body = json.dumps({"title": "👩" * 200, "description": "👩" * 4000})
    assert api("POST", "/tasks", body).status == 201


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "title=x",
        '{"title": NaN}',
        '{"title": Infinity}',
        "[" * 60_000,
        '{"title": ' * 6_000,
        "\ufeff{}",
        "\ud800",
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_malformed_json_is_rejected(api, method: str, body: str):
    """A body that is not JSON answers 400."""
    path = "/tasks" if method == "POST" else f"/tasks/{api.add()['task_id']}"
    answer = api(method, path, body)
    assert (answer.status, answer.slug) == (400, "malformed-body")


@pytest.mark.parametrize("number", ["9" * 5_000, "-1", "1.5", "1e999"])
def test_number_in_place_of_a_string_is_invalid(api, number: str):
    """A number of any size answers 422."""
    assert api("POST", "/tasks", f'{{"title": {number}}}').slug == "invalid-task"


def test_base64_bodies_are_decoded(api):
    """API Gateway may send the body in base64; a body that is not base64 or UTF-8 answers 400."""
    event = api.event("POST", "/tasks", base64.b64encode(b'{"title": "x"}').decode())
    assert api.send({**event, "isBase64Encoded": True}).status == 201
    for body in ("#", "é", base64.b64encode(b"\xff").decode()):
        answer = api.send({**event, "isBase64Encoded": True, "body": body})
        assert (answer.status, answer.slug) == (400, "malformed-body")


def test_large_bodies_are_rejected_unparsed(api):
    """More than 64 KiB answers 413, even if the body is not JSON or base64, or has another type."""
    assert api("POST", "/tasks", "{" * 65_537).slug == "body-too-large"
    assert api("POST", "/tasks", "é" * 40_000).status == 413
    assert api("POST", "/tasks", "{" * 65_536).status == 400
    event = api.event("POST", "/tasks", "#" * 87_385, headers={"content-type": "text/plain"})
    assert api.send({**event, "isBase64Encoded": True}).status == 413


@pytest.mark.parametrize(
    ("media_type", "status"),
    [
        ("application/json", 201),
        ("Application/JSON; charset=utf-8", 201),
        ("application/problem+json", 201),
        ("", 201),
        ("application/x-www-form-urlencoded", 415),
        ("text/plain", 415),
        ("application/jsonp", 415),
        ("json", 415),
    ],
)
def test_body_must_be_declared_as_json(api, media_type: str, status: int):
    """A Content-Type other than JSON answers 415; without one the body is JSON."""
    answer = api("POST", "/tasks", {"title": "x"}, headers={"content-type": media_type})
    assert answer.status == status


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "identity, gzip"])
def test_compressed_bodies_are_rejected(api, coding: str):
    """A Content-Encoding answers 415 and Accept-Encoding (RFC 9110, section 15.5.16)."""
    answer = api("POST", "/tasks", {"title": "x"}, headers={"content-encoding": coding})
    assert (answer.status, answer.slug) == (415, "unsupported-media-type")
    assert answer.headers["accept-encoding"] == "identity"
    plain = {"content-encoding": "Identity"}
    assert api("POST", "/tasks", {"title": "x"}, headers=plain).status == 201


def test_header_names_are_case_insensitive(api):
    """A header name may have any case."""
    event = api.event("POST", "/tasks", "{}", headers={"CONTENT-TYPE": "text/plain"})
    assert api.send(event).status == 415


@pytest.mark.parametrize(
    "path", ["/", "", "/task", "/tasks/", "/tasks/a/b", "/tasks/{task_id}", "//tasks", "/HEALTH"]
)
def test_unknown_paths_are_not_found(api, path: str):
    """A path without a route answers 404."""
    assert api("GET", path).slug == "route-not-found"


@pytest.mark.parametrize(
    "task_id", ["x", "idempotency#x", "0" * 129, "x" * 9_000, "%2e", "é", "a b", "..%2f"]
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_unknown_ids_are_not_found(api, method: str, task_id: str):
    """An unknown or malformed id answers 404."""
    assert api(method, f"/tasks/{task_id}", {"title": "x"}).status == 404


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/tasks", "HEAD, GET, POST, OPTIONS"),
        ("POST", "/tasks/x", "HEAD, GET, PUT, PATCH, DELETE, OPTIONS"),
        ("POST", "/health", "HEAD, GET, OPTIONS"),
        ("get", "/health", "HEAD, GET, OPTIONS"),
        ("", "/health", "HEAD, GET, OPTIONS"),
    ],
)
def test_wrong_method_is_405_with_allow(api, method: str, path: str, allow: str):
    """A known path with another method answers 405 and Allow."""
    answer = api(method, path)
    assert (answer.status, answer.slug) == (405, "method-not-allowed")
    assert answer.headers["allow"] == allow


def test_options_is_a_success(api):
    """OPTIONS answers 204 and lists the methods, including itself."""
    answer = api("OPTIONS", "/health")
    assert (answer.status, answer.text) == (204, "")
    assert answer.headers["allow"] == "HEAD, GET, OPTIONS"


@pytest.mark.parametrize("path", ["/health", "/tasks", "/tasks/x", "/nowhere"])
def test_head_is_answered_as_get(api, path: str):
    """API Gateway derives Content-Length from the body, then drops it."""
    assert api("HEAD", path) == api("GET", path)


def test_stage_is_not_part_of_the_path(api):
    """Behind a named stage the routes are the same."""
    event = api.event("GET", "/prod/health")
    event["requestContext"]["stage"] = "prod"
    assert api.send(event).status == 200
    event["rawPath"] = "/production/health"
    assert api.send(event).status == 404


def test_problem_has_no_internal_details(api):
    """A problem has exactly the members of RFC 9457 and errors."""
    assert api("POST", "/tasks", {}).json() == {
        "type": "urn:task-tracker:problem:invalid-task",
        "title": "The task is not valid",
        "status": 422,
        "detail": "Some fields are missing, unknown or not valid.",
        "errors": [{"pointer": "#/title", "detail": "is required"}],
    }
