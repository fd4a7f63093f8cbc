"""The service as clients meet it: over HTTP, through the gateway, in the deployed function."""

from __future__ import annotations

import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urljoin

import pytest
import requests

MERGE_PATCH = "application/merge-patch+json"


@pytest.fixture(scope="module")
def tasks(api: str) -> str:
    """Return the address of the tasks."""
    return f"{api}/tasks"


def _add(tasks: str, title: str = "t", **fields: str) -> requests.Response:
    return requests.post(tasks, json={"title": title, **fields}, timeout=30)


def test_api_creates_lists_reads_updates_and_deletes(api: str) -> None:
    """A plain HTTP client can do everything with tasks, through the gateway."""
    created = requests.post(f"{api}/tasks", json={"title": "first"}, timeout=10)
    assert created.status_code == 201
    task = created.json()
    address = urljoin(created.url, created.headers["Location"])
    assert requests.get(address, timeout=10).json() == task
    assert task in requests.get(f"{api}/tasks", timeout=10).json()
    changed = requests.put(address, json={"status": "done"}, timeout=10).json()
    assert (changed["status"], changed["title"], changed["version"]) == ("done", "first", 2)
    assert requests.delete(address, timeout=10).status_code == 204
    assert requests.get(address, timeout=10).status_code == 404


def test_no_increment_is_lost(tasks: str) -> None:
    """Four clients that add 1 five times each, with If-Match, end at 20 in several processes."""
    task = f"{tasks}/{_add(tasks, '0').json()['task_id']}"

    def increment_5_times() -> None:
        with requests.Session() as http:
            for _ in range(5):
                status = 412
                while status == 412:
                    seen = http.get(task, timeout=30)
                    status = http.patch(
                        task,
                        data=json.dumps({"title": str(int(seen.json()["title"]) + 1)}),
                        headers={"Content-Type": MERGE_PATCH, "If-Match": seen.headers["ETag"]},
                        timeout=30,
                    ).status_code
                    if status == 412:
                        time.sleep(random.random() / 10)
                assert status == 200

    with ThreadPoolExecutor(4) as clients:
        for client in [clients.submit(increment_5_times) for _ in range(4)]:
            client.result()
    last = requests.get(task, timeout=30).json()
    assert (last["title"], last["version"]) == ("20", 21)


def test_pages_are_followed_by_their_links(tasks: str) -> None:
    """The Link of a page, resolved against its address, leads through the whole list."""
    added = [_add(tasks, status="in_progress").json()["task_id"] for _ in range(7)]
    page = requests.get(tasks, {"status": "in_progress", "limit": "3"}, timeout=30)
    seen = [task["task_id"] for task in page.json()]
    while "next" in page.links:
        page = requests.get(urljoin(page.url, page.links["next"]["url"]), timeout=30)
        seen += [task["task_id"] for task in page.json()]
    assert seen == added[::-1]


def test_known_version_is_not_sent_again(tasks: str) -> None:
    """A conditional GET answers 304 with its tag and without a body, through the gateway too."""
    added = _add(tasks)
    address = urljoin(added.url, added.headers["Location"])
    tag = requests.get(address, timeout=30).headers["ETag"]
    answer = requests.get(address, headers={"If-None-Match": tag}, timeout=30)
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", tag)


def test_error_route_requires_a_signature(api: str) -> None:
    """Refuse unsigned requests to the error route, however it is spelt."""
    assert requests.get(f"{api}/trigger-error", timeout=10).status_code == 403
    for spelling in ("/trigger-error/", "//trigger-error", "/Trigger-Error", "/%74rigger-error/."):
        assert requests.get(f"{api}{spelling}", timeout=10).status_code in {403, 404}
