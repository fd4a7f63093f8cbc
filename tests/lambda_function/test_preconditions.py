"""Entity tags and If-Match: no update is lost (RFC 9110, section 13.1.1)."""

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.mark.parametrize("tag", ['"1"', "*", ' "1" ', '"0", "1"', 'W/"1", "1"', "none"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_matching_tag_lets_the_write_through(api, method: str, tag: str):
    """The present tag, a list that holds it, * and no If-Match at all are accepted."""
    path = f"/tasks/{api.add()['task_id']}"
    headers = {} if tag == "none" else {"If-Match": tag}
    answer = api(method, path, {"title": "new"}, headers=headers)
    assert answer.status == (200 if method == "PUT" else 204)


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
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_other_tag_changes_nothing(api, method: str, tag: str):
    """Another, a weak or a malformed tag answers 412 and leaves the task as it is."""
    task = api.add()
    path = f"/tasks/{task['task_id']}"
    answer = api(method, path, {"title": "new"}, headers={"If-Match": tag})
    assert (answer.status, answer.slug) == (412, "version-mismatch")
    assert api("GET", path).json() == task


@pytest.mark.parametrize("tag", ['"1"', "*"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_missing_task_is_not_found_whatever_the_tag(api, method: str, tag: str):
    """If-Match on a task that does not exist answers 404 (RFC 9110, section 13.2.1)."""
    answer = api(method, "/tasks/nothing", {"title": "x"}, headers={"If-Match": tag})
    assert answer.slug == "task-not-found"


def test_no_increment_is_lost(api):
    """8 clients that add 1 to a number 25 times each, with If-Match and retry, end at 200."""
    path = f"/tasks/{api.add('0')['task_id']}"

    def increment_25_times() -> None:
        for _ in range(25):
            status = 412
            while status == 412:
                seen = api("GET", path)
                status = api(
                    "PUT",
                    path,
                    {"title": str(int(seen.json()["title"]) + 1)},
                    headers={"If-Match": seen.headers["etag"]},
                ).status
                if status == 412:
                    time.sleep(random.random() / 10)
            assert status == 200

    with ThreadPoolExecutor(8) as clients:
        for client in [clients.submit(increment_25_times) for _ in range(8)]:
            client.result()
    task = api("GET", path).json()
    assert (task["title"], task["version"]) == ("200", 201)


def test_update_never_brings_a_task_back(api):
    """Of a PUT and a DELETE at once, whichever comes first, the task ends up deleted."""
    with ThreadPoolExecutor(2) as clients:
        for _ in range(20):
            path = f"/tasks/{api.add()['task_id']}"
            update = clients.submit(api, "PUT", path, {"status": "done"})
            delete = clients.submit(api, "DELETE", path)
            assert delete.result().status == 204
            assert update.result().status in (200, 404)
            assert api("GET", path).status == 404
