"""The emulated CloudWatch Logs, as the services that write to it see it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, NamedTuple

from moto.backends import get_backend

from tasktracker_ops.local.credentials import ACCOUNT_ID

# moto counts its event ids without a lock, and readers rely on each id being used once.
_writing = threading.Lock()


class LogLine(NamedTuple):
    """One log event: epoch milliseconds and its text, newline included."""

    timestamp: int
    message: str


def write(region: str, group: str, stream: str, lines: Iterable[LogLine]) -> None:
    """Append the lines to a stream, made if need be; a group that is missing gets nothing.

    CloudWatch wants the events of one call in the order of their time.
    """
    backend: Any = get_backend("logs")[ACCOUNT_ID][region]
    events = []
    latest = 0
    for line in lines:
        latest = max(latest, line.timestamp)
        events.append({"timestamp": latest, "message": line.message})
    with _writing:
        if events and group in backend.groups:
            backend.ensure_log_stream(group, stream)
            backend.put_log_events(group, stream, events)
