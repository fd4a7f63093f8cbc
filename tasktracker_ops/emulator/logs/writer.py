"""Write log events of the emulated services to CloudWatch Logs."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable
from typing import Any, NamedTuple

from moto.backends import get_backend
from moto.logs.exceptions import ResourceNotFoundException

from tasktracker_ops.emulator import changes
from tasktracker_ops.local.credentials import ACCOUNT_ID

# Without it two threads could create the same stream, and one would write to the lost one.
_creating_stream = threading.Lock()


class LogLine(NamedTuple):
    """One log event: epoch milliseconds and its text, newline included."""

    timestamp: int
    message: str


def write(region: str, group: str, stream: str, lines: Iterable[LogLine]) -> None:
    """Append the lines to a stream, created if need be; do nothing where the group is missing.

    Times are raised where needed: CloudWatch requires the events of a call in order of time.
    """
    backend: Any = get_backend("logs")[ACCOUNT_ID][region]
    events = []
    latest = 0
    for line in lines:
        latest = max(latest, line.timestamp)
        events.append({"timestamp": latest, "message": line.message})
    if not events:
        return
    # The group may be deleted at any moment.
    with changes.Access(), contextlib.suppress(ResourceNotFoundException):
        with _creating_stream:
            backend.ensure_log_stream(group, stream)
        backend.put_log_events(group, stream, events)
