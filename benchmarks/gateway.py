"""Compare requests to the deployed function with those of ministack, in requests and CPU seconds.

Both emulators run the same zip file behind an HTTP API without a throttle; the sides alternate.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from emulators import Api, Server, deploy, ministack, ours
from load import Cost, exchange, measure
from measure import peer
from tabulate import tabulate

_TASK = json.dumps({"title": "Write the report", "description": "by Friday"}).encode()
_CONNECTIONS = (1, 16)


@dataclass(frozen=True, slots=True)
class _Work:
    """A request that is measured, and the status of its answer."""

    name: str
    sent: bytes
    status: int


class _Side:
    """A running emulator with the deployed API."""

    def __init__(self, server: Server, api: Api) -> None:
        self._server = server
        health = exchange(server.port, api.request("GET", "/health"))
        if json.loads(health[1]) != {"status": "ok"}:
            raise SystemExit(f"GET /health got {health}, which is not from the function")
        created = exchange(server.port, api.request("POST", "/tasks", _TASK))
        if created[0] != 201:
            raise SystemExit(f"POST /tasks got {created}")
        task_id = json.loads(created[1])["task_id"]
        self.works = (
            _Work("GET /health", api.request("GET", "/health"), 200),
            _Work("GET /tasks/{id}", api.request("GET", f"/tasks/{task_id}"), 200),
            _Work("POST /tasks", api.request("POST", "/tasks", _TASK), 201),
        )

    def measure(self, work: _Work, connections: int, count: int) -> Cost:
        return measure(
            self._server.port,
            self._server.pid,
            work.sent,
            work.status,
            connections=connections,
            count=count,
        )


@contextmanager
def _sides(binary: Path) -> Iterator[tuple[_Side, _Side]]:
    with ours() as mine, ministack(binary) as theirs:
        yield _Side(mine, deploy(mine)), _Side(theirs, deploy(theirs))


def main() -> None:
    """Measure and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=11, help="of each request (default: 11)")
    parser.add_argument("--count", type=int, default=300, help="requests of a run (default: 300)")
    parser.add_argument("--ministack", type=Path, help="one that is installed already")
    options = parser.parse_args()
    costs: defaultdict[tuple[str, int, int], list[Cost]] = defaultdict(list)
    with peer("ministack", options.ministack) as binary, _sides(binary) as sides:
        for turn in range(options.runs + 1):  # the first one warms up
            for connections in _CONNECTIONS:
                for place in range(len(sides[0].works)):
                    for number in (0, 1) if turn % 2 else (1, 0):
                        work = sides[number].works[place]
                        cost = sides[number].measure(work, connections, options.count)
                        if turn:
                            costs[work.name, connections, number].append(cost)
    print(_table(costs))


def _table(costs: dict[tuple[str, int, int], list[Cost]]) -> str:
    rows = []
    for name, connections in dict.fromkeys((name, some) for name, some, _ in costs):
        mine, theirs = (costs[name, connections, number] for number in (0, 1))
        rates = [1 / median(each.wall for each in side) for side in (mine, theirs)]
        spent = [median(each.cpu for each in side) * 1000 for side in (mine, theirs)]
        failed = [sum(each.failed for each in side) for side in (mine, theirs)]
        ratios = rates[0] / rates[1], spent[0] / spent[1]
        rows.append((name, connections, *rates, ratios[0], *spent, ratios[1], *failed))
    headers = (
        "request",
        "connections",
        "ours/s",
        "ministack/s",
        "ratio",
        "CPU ms",
        "CPU ms",
        "ratio",
        "failed",
        "failed",
    )
    return tabulate(rows, headers=headers, floatfmt=".2f")


if __name__ == "__main__":
    main()
