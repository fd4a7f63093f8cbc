"""PATCH: a JSON merge patch (RFC 7396)."""

from typing import Any

import pytest

MERGE_PATCH = {"content-type": "application/merge-patch+json"}


def _patch(api: Any, path: str, body: Any, **headers: str) -> Any:
    return api("PATCH", path, body, headers={**MERGE_PATCH, **headers})


def test_null_removes_an_optional_field(api):
    """A null gives a field the value that it has when a POST leaves it out."""
    task = api.add("t", description="d", status="done")
    changed = _patch(api, f"/tasks/{task['task_id']}", {"description": None, "status": None})
    assert (changed.json()["description"], changed.json()["status"]) == ("", "pending")
    assert changed.json()["title"] == "t"


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"title": None}, ["#/title"]),
        ({"title": ""}, ["#/title"]),
        ({"version": None}, ["#/version"]),
        ({"version": 7, "status": "finished"}, ["#/version", "#/status"]),
        ({"description": {"a": None}}, ["#/description"]),
        ([], ["#"]),
        ("null", ["#"]),
        ('"text"', ["#"]),
    ],
)
def test_invalid_patch_changes_nothing(api, body: Any, pointers: list[str]):
    """A patch whose result would be no task answers 422 and a pointer for every field."""
    task = api.add()
    path = f"/tasks/{task['task_id']}"
    answer = _patch(api, path, body)
    assert (answer.status, answer.slug) == (422, "invalid-task")
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers
    assert api("GET", path).json() == task


def test_empty_patch_changes_nothing(api):
    """A patch without members answers 200 and the task as it is, or 412 or 404 as another would."""
    task = api.add()
    path = f"/tasks/{task['task_id']}"
    answer = _patch(api, path, {})
    assert (answer.status, answer.json(), answer.headers["etag"]) == (200, task, '"1"')
    assert _patch(api, path, {}, **{"If-Match": '"7"'}).status == 412
    assert _patch(api, "/tasks/nothing", {}).status == 404


@pytest.mark.parametrize(
    "media_type", ["application/json", "", "application/json-patch+json", "text/plain"]
)
def test_patch_must_be_declared_as_a_merge_patch(api, media_type: str):
    """Any other Content-Type answers 415 and Accept-Patch (RFC 5789, section 2.2)."""
    path = f"/tasks/{api.add()['task_id']}"
    answer = api("PATCH", path, {"title": "x"}, headers={"content-type": media_type})
    assert (answer.status, answer.slug) == (415, "unsupported-media-type")
    assert answer.headers["accept-patch"] == "application/merge-patch+json"


def test_media_type_may_have_parameters(api):
    """Case and parameters of the media type do not matter."""
    path = f"/tasks/{api.add()['task_id']}"
    headers = {"content-type": "Application/Merge-Patch+JSON; charset=utf-8"}
    assert api("PATCH", path, {"title": "x"}, headers=headers).status == 200
