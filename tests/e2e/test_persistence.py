"""A local target that persists is killed again and again while clients create tasks."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import requests

from .conftest import LOCAL, Clone, clients, make_backend

KILLS = 20
CLIENTS = 4
# A snapshot is at most so old while something changes.
ALLOWED_SECONDS = 1.0
_LIMIT = 60.0


class Client:
    """Creates tasks, and remembers when each of them was acknowledged."""

    def __init__(self, api: str) -> None:
        self.created: dict[str, float] = {}
        self._api = api
        self._stopped = threading.Event()

    def wait(self, seconds: float) -> None:
        """Wait until a task was created so long ago."""
        deadline = time.monotonic() + _LIMIT
        while not any(at < time.monotonic() - seconds for at in list(self.created.values())):
            assert time.monotonic() < deadline, "no task was created"
            time.sleep(0.05)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Create tasks in several threads until the block ends."""
        threads = [threading.Thread(target=self._work) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            for thread in threads:
                thread.join()

    def _work(self) -> None:
        with requests.Session() as session:
            while not self._stopped.is_set():
                try:
                    answer = session.post(f"{self._api}/tasks", json={"title": "kept"}, timeout=60)
                except requests.RequestException:
                    continue
                if answer.status_code == 201:
                    self.created[answer.json()["task_id"]] = time.monotonic()


@pytest.fixture
def persistent(make_clone: Callable[..., Clone]) -> Iterator[Clone]:
    """Deploy to a local target that persists; yield the clone."""
    clone = make_clone(**LOCAL, TT_OPS_LOCAL_PERSIST="true")
    make_backend(clone)
    clone.succeed("deploy", "--yes")
    yield clone
    clone.run("local", "reset", "--yes")


def _stored(clone: Clone) -> set[str]:
    pages = clients(clone)("dynamodb").get_paginator("scan").paginate(TableName="TaskTable")
    items = pages.search("Items[].task_id.S")
    return set(items)


@pytest.mark.extended
@pytest.mark.timeout(3600)
def test_twenty_kills_under_load_lose_a_second_at_most(persistent: Clone) -> None:
    """What was acknowledged earlier is there after each, and Terraform has nothing to do."""
    api = persistent.read("outputs")["api_url"]
    server = persistent.path / ".tt-ops" / "local" / "server.json"
    since = persistent.read("local", "status")["exists_since"]
    kept: set[str] = set()
    for _ in range(KILLS):
        client = Client(api)
        with client.running():
            client.wait(ALLOWED_SECONDS)
            time.sleep(random.uniform(0, 2))
            os.kill(json.loads(server.read_text())["pid"], signal.SIGKILL)
            killed = time.monotonic()
        safe = {each for each, at in client.created.items() if at < killed - ALLOWED_SECONDS}
        persistent.succeed("local", "up")
        stored = _stored(persistent)
        assert kept | safe <= stored
        kept = stored
        assert persistent.run("plan", "--detailed-exitcode").returncode == 0
    assert persistent.read("outputs")["api_url"] == api
    assert persistent.read("local", "status")["exists_since"] == since
