"""Records of invocations and of requests to APIs, and the observers that receive them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Invocation:
    """One invocation of a function.

    `error` is the type of the error it ended with. A throttled one never ran: all its measures are
    zero. `concurrency` counts the invocations of the function under way, this one included,
    `resource_concurrency` those of them that name the same version or alias.
    """

    region: str
    function_name: str
    version: str
    qualifier: str | None
    request_id: str
    started_at: datetime
    duration_ms: float
    init_ms: float | None
    error: str | None
    throttled: bool
    concurrency: int
    resource_concurrency: int
    memory_mb: int


@dataclass(frozen=True)
class ApiRequest:
    """One request answered by an HTTP API; latencies in milliseconds."""

    region: str
    api_id: str
    stage: str
    route_key: str | None
    status: int
    started_at: datetime
    latency_ms: float
    integration_latency_ms: float | None


Record = TypeVar("Record")


class Observers(Generic[Record]):
    """Callables that receive each record, in the thread that made it."""

    def __init__(self) -> None:
        self._callables: list[Callable[[Record], None]] = []

    def add(self, observer: Callable[[Record], None]) -> None:
        """Send every later record to `observer`."""
        self._callables.append(observer)

    def notify(self, record: Record) -> None:
        """Send `record` to all observers; log those that raise."""
        for observer in self._callables:
            try:
                observer(record)
            except Exception:
                _log.exception("an observer failed on %r", record)
