"""Entity tags, If-Match and If-None-Match: no update is lost (RFC 9110, section 13)."""

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

METHODS = ["PUT", "PATCH", "DELETE"]


def _write(api, method: str, path: str, body=None, **headers: str):
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    return api(method, path, body or {"title": "new"}, headers={"content-type": kind, **headers})


@pytest.mark.parametrize("tag", ['"1"', "*", ' "1" ', '"0", "1"', 'W/"1", "1"', "none"])
@pytest.mark.parametrize("method", METHODS)
def test_matching_tag_allows_the_write(api, method: str, tag: str):
    """The current tag, a list with it, * and no If-Match are accepted."""
    path = f"/tasks/{api.add()['task_id']}"
    headers = {} if tag == "none" else {"If-Match": tag}
    answer = _write(api, method, path, **headers)
    assert answer.status == (204 if method == "DELETE" else 200)


@pytest.mark.parametrize(
    "tag",
    [
        '"2"',
        '"0"',
        'W/"1"',
        "1",
        "",
        '"01"',
        '"1',
        '"x"',
        '"*"',
        '"-1"',
        '"' + "9" * 400 + '"',
        '"٣"',
        ", ".join(f'"{number}"' for number in range(2, 2_000)),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_other_tag_changes_nothing(api, method: str, tag: str):
    """Another, a weak or a malformed tag answers 412 and leaves the task unchanged."""
    task = api.add()
    path = f"/tasks/{task['task_id']}"
    answer = _write(api, method, path, **{"If-Match": tag})
    assert (answer.status, answer.slug) == (412, "version-mismatch")
    assert api("GET", path).json() == task


@pytest.mark.parametrize("tag", ['"1"', "*"])
@pytest.mark.parametrize("method", METHODS)
def test_missing_task_is_404_with_any_tag(api, method: str, tag: str):
    """If-Match on a task that does not exist answers 404 (RFC 9110, section 13.2.1)."""
    answer = _write(api, method, "/tasks/nothing", **{"If-Match": tag})
    assert answer.slug == "task-not-found"


@pytest.mark.parametrize("tag", ['"1"', 'W/"1"', "*", '"0", "1"'])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_known_version_is_not_sent_again(api, method: str, tag: str):
    """If-None-Match with the current tag answers 304 with the tag alone."""
    path = f"/tasks/{api.add()['task_id']}"
    answer = api(method, path, headers={"If-None-Match": tag})
    assert (answer.status, answer.text, answer.headers) == (304, "", {"etag": '"1"'})


@pytest.mark.parametrize("tag", ['"2"', '"01"', "1", "", '"', '"x"', "\ud800"])
def test_other_version_is_sent(api, tag: str):
    """If-None-Match with another or a malformed tag answers 200 and the task."""
    task = api.add()
    answer = api("GET", f"/tasks/{task['task_id']}", headers={"If-None-Match": tag})
    assert (answer.status, answer.json()) == (200, task)
    assert api("GET", "/tasks/nothing", headers={"If-None-Match": "*"}).status == 404


@pytest.mark.parametrize(
    ("tag", "status"), [("*", 412), ('"1"', 412), ('W/"1"', 412), ('"2"', 200), ("x", 200)]
)
@pytest.mark.parametrize("method", METHODS)
def test_if_none_match_rejects_a_write(api, method: str, tag: str, status: int):
    """If-None-Match on a write answers 412 if the current tag matches (section 13.1.2)."""
    path = f"/tasks/{api.add()['task_id']}"
    answer = _write(api, method, path, **{"If-None-Match": tag})
    assert answer.status == (204 if method == "DELETE" and status == 200 else status)
    if (method, tag) != ("PUT", "*"):  # PUT alone creates a task
        assert _write(api, method, "/tasks/nothing", **{"If-None-Match": tag}).status == 404


@pytest.mark.parametrize("times", [2, pytest.param(25, marks=pytest.mark.extended)])
def test_no_increment_is_lost(api, times: int):
    """Eight clients that increment a number with If-Match and retries lose no increment."""
    path = f"/tasks/{api.add('0')['task_id']}"

    def increment() -> None:
        for _ in range(times):
            status = 412
            while status == 412:
                current = api("GET", path)
                status = _write(
                    api,
                    "PUT",
                    path,
                    {"title": str(int(current.json()["title"]) + 1)},
                    **{"If-Match": current.headers["etag"]},
                ).status
                if status == 412:
                    time.sleep(random.random() / 10)
            assert status == 200

    with ThreadPoolExecutor(8) as clients:
        for client in [clients.submit(increment) for _ in range(8)]:
            client.result()
    task = api("GET", path).json()
    assert (task["title"], task["version"]) == (str(8 * times), 8 * times + 1)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["a task", "/tasks", "/openapi.json"])
def test_if_match_rejects_a_read(api, method: str, path: str):
    """If-Match on a read answers 412 for another or a weak tag, whatever If-None-Match says."""
    task = api.add()
    path = path.replace("a task", f"/tasks/{task['task_id']}")
    tag = api(method, path).headers["etag"]
    for other in ('"7"', f"W/{tag}", tag.strip('"'), ""):
        answer = api(method, path, headers={"If-Match": other, "If-None-Match": "*"})
        assert answer.status == 412
        assert method == "HEAD" or answer.slug == "version-mismatch"
    for match in (tag, f'"7", {tag}', "*"):
        assert api(method, path, headers={"If-Match": match}).status == 200
        assert api(method, path, headers={"If-Match": match, "If-None-Match": tag}).status == 304
    assert api(method, "/tasks/nothing", headers={"If-Match": '"7"'}).status == 404


def test_every_tag_is_compared(api):
    """The current tag among a thousand in If-None-Match answers 412."""
    path = f"/tasks/{api.add()['task_id']}"
    tags = ", ".join(f'"{number}"' for number in range(1_000, 0, -1))
    assert _write(api, "PUT", path, **{"If-None-Match": tags}).status == 412
    assert _write(api, "PUT", path, **{"If-None-Match": '"2", ' * 1_000}).status == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_update_does_not_restore_a_deleted_task(api, method: str):
    """After an update and a DELETE in parallel the task is deleted, whichever comes first."""
    with ThreadPoolExecutor(2) as clients:
        for _ in range(6):
            path = f"/tasks/{api.add()['task_id']}"
            update = clients.submit(_write, api, method, path, {"status": "done"})
            delete = clients.submit(api, "DELETE", path)
            assert delete.result().status == 204
            assert update.result().status in (200, 404)
            assert api("GET", path).status == 404
