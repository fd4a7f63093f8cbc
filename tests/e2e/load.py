"""A client that sends requests at a steady rate, and keeps what came back."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import requests

RATE = 50  # requests per second
_THREADS = 10
_TIMEOUT = 60.0
MARKER = "x-release-marker"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for a request sent at `sent` (monotonic seconds); status 0: nothing did.

    `marker` is the header by which the code of a release says its name.
    """

    sent: float
    request: str
    status: int
    marker: str


class Client:
    """Lists tasks, reads one and creates one, in turn; ten threads keep the rate."""

    def __init__(self, api: str, task_id: str) -> None:
        self.answers: list[Answer] = []
        self._api = api
        self._task_id = task_id
        self._numbers = itertools.count()
        self._stopped = threading.Event()

    @contextmanager
    def running(self) -> Iterator[Client]:
        """Send requests until the block ends, and wait for their answers."""
        threads = [threading.Thread(target=self._work) for _ in range(_THREADS)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._stopped.set()
            for thread in threads:
                thread.join()

    def since(self, moment: float) -> Sequence[Answer]:
        """Return the answers to requests sent after `moment`."""
        return sorted((a for a in self.answers if a.sent >= moment), key=lambda a: a.sent)

    def wait_for(self, count: int, *, since: float) -> Sequence[Answer]:
        """Return the answers to requests sent after a moment, as soon as there are so many."""
        while len(answers := self.since(since)) < count:
            time.sleep(0.05)
        return answers

    def _work(self) -> None:
        due = time.monotonic()
        with requests.Session() as session:
            while not self._stopped.wait(max(0.0, due - time.monotonic())):
                # A thread that is late does not make up for it by a burst.
                due = max(due + _THREADS / RATE, time.monotonic())
                self.answers.append(self._send(session, next(self._numbers)))

    def _send(self, session: requests.Session, number: int) -> Answer:
        request = ("GET /tasks", "GET /tasks/ID", "POST /tasks")[number % 3]
        method, path = request.replace("ID", self._task_id).split()
        sent = time.monotonic()
        try:
            answer = session.request(
                method,
                self._api + path,
                params={"limit": 5} if request == "GET /tasks" else None,
                json={"title": "one of many"} if method == "POST" else None,
                # A few tasks, however long this runs.
                headers={"Idempotency-Key": f"load-{number % 20}"},
                timeout=_TIMEOUT,
            )
        except requests.RequestException:
            return Answer(sent, request, 0, "")
        return Answer(sent, request, answer.status_code, answer.headers.get(MARKER, ""))
