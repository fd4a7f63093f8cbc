"""The emulated CloudWatch Logs, as the services that write to it see it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable
from typing import Any, NamedTuple

from moto.backends import get_backend
from moto.logs.exceptions import ResourceNotFoundException

from tasktracker_ops.local.credentials import ACCOUNT_ID

# Of two threads that make the same stream, one would write to a stream that is then replaced.
_making_streams = threading.Lock()


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
    if not events:
        return
    # The group may go at any moment.
    with contextlib.suppress(ResourceNotFoundException):
        with _making_streams:
            backend.ensure_log_stream(group, stream)
        backend.put_log_events(group, stream, events)
