"""Requests to the deployed function, compared with ministack, which runs the same zip file.

Both emulators have it behind an HTTP API without a throttle. Also the emulator's start, compared
with that of moto's server, and the emulator with many tasks and after many requests.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from .emulators import Api, Server, deploy, ministack, moto_server, ours
from .load import exchange, resident_mb, send
from .measure import compare, say, seconds
from .rows import Measurement, Row

_TASK = json.dumps({"title": "Write the report", "description": "by Friday"}).encode()
_AGAIN = "POST /tasks, the same again"
_COUNT = 300  # requests of a turn
_FEW, _MANY = 4_000, 13_000  # tasks
# Requests after which memory is read, and how many follow until it is read again.
_FILLING, _MORE = 100_000, 50_000


def _row(name: str, request: str, connections: int, goal: float) -> Row:
    work = f"{request}, {connections} connection{'s' if connections > 1 else ''}"
    return Row(f"{name}-{connections}", work, "ministack", goal, "requests/s", more_is_better=True)


_REQUESTS = {
    _row(name, request, connections, goal): (request, connections)
    for name, request, goal in (
        ("health", "GET /health", 1.0),
        ("get", "GET /tasks/{id}", 1.5),
        ("post", "POST /tasks", 1.5),
    )
    for connections in (1, 16)
}
_START = Row("emulator-start", "emulator: start to first answer", "moto_server", 1.2)
_LIST = Row("list-page", f"GET /tasks of {_MANY:,} tasks", f"of {_FEW:,} tasks", 1.1, "ms")
_MEMORY = Row(
    "memory",
    f"memory after {_FILLING + _MORE:,} requests for the same tasks",
    f"after {_FILLING:,} requests",
    1.05,
    "MB",
)
ROWS = (*_REQUESTS, _START, _LIST, _MEMORY)


def measure(rows: Sequence[Row], turns: int) -> Iterator[Measurement]:
    """Yield the measurement of each row."""
    requests = [row for row in rows if row in _REQUESTS]
    if requests:
        with ours() as mine, ministack() as theirs:
            sides = _Side(mine), _Side(theirs)
            for row in requests:
                yield compare(row, *(side.rate(*_REQUESTS[row]) for side in sides), turns)
    if _START in rows:
        yield compare(_START, lambda: _start(ours), lambda: _start(moto_server), turns)
    if _LIST in rows:
        with ours() as many, ours() as few:
            sides = _Side(many, _MANY), _Side(few, _FEW)
            yield compare(_LIST, *(side.list_page for side in sides), turns)
    if _MEMORY in rows:
        with ours() as server:
            yield _measure_memory(_Side(server))


def _start(emulator: Callable[[], AbstractContextManager[Server]]) -> float:
    with emulator() as server:
        return server.started_in


def _measure_memory(side: _Side) -> Measurement:
    values = []
    for count in (_FILLING, _MORE):
        say(f"  memory: {count:,} requests")
        for work in (_AGAIN, "GET /tasks/{id}"):
            side.send(work, 16, count // 2)
        values.append(resident_mb(side.server.pid))
    first, second = values
    return Measurement(_MEMORY.name, [second], [first], [resident_mb(side.server.pid)])


@dataclass(frozen=True, slots=True)
class _Request:
    """A request that is measured, and the status of its answer."""

    sent: bytes
    status: int


class _Side:
    """A running emulator with the deployed API, and some tasks."""

    def __init__(self, server: Server, tasks: int = 1) -> None:
        self.server = server
        api = deploy(server)
        self._requests = self._make_requests(api)
        if tasks > 1:
            say(f"  adding {tasks:,} tasks")
            self.send("POST /tasks", 16, tasks)

    def _make_requests(self, api: Api) -> dict[str, _Request]:
        health = exchange(self.server.port, api.request("GET", "/health"))
        if json.loads(health[1]) != {"status": "ok"}:
            raise SystemExit(f"GET /health got {health}, which is not from the function")
        created = exchange(self.server.port, api.request("POST", "/tasks", _TASK))
        if created[0] != 201:
            raise SystemExit(f"POST /tasks got {created}")
        task_id = json.loads(created[1])["task_id"]
        return {
            "GET /health": _Request(api.request("GET", "/health"), 200),
            "GET /tasks/{id}": _Request(api.request("GET", f"/tasks/{task_id}"), 200),
            "POST /tasks": _Request(api.request("POST", "/tasks", _TASK), 201),
            _AGAIN: _Request(
                api.request("POST", "/tasks", _TASK, {"Idempotency-Key": "benchmark"}), 201
            ),
            "GET /tasks": _Request(api.request("GET", "/tasks"), 200),
        }

    def send(self, work: str, connections: int, count: int) -> None:
        """Send a request many times; exit if one fails."""
        request, port = self._requests[work], self.server.port
        send(port, request.sent, request.status, connections=connections, count=count)

    def rate(self, work: str, connections: int) -> Callable[[], float]:
        """Return what measures how many requests are answered in a second."""
        return lambda: _COUNT / seconds(lambda: self.send(work, connections, _COUNT))

    def list_page(self) -> float:
        """Return how many milliseconds a list page takes."""
        count = _COUNT // 10
        return seconds(lambda: self.send("GET /tasks", 1, count)) / count * 1000
