"""Write log events of the emulated services to CloudWatch Logs."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

from moto.logs.exceptions import ResourceNotFoundException

from tasktracker_ops.emulator import backends, changes

from . import operations

# Without it two threads could create the same stream, and one would write to the lost one.
_creating_stream = threading.Lock()


class LogLine(NamedTuple):
    """One log event: epoch milliseconds and its text, newline included."""

    timestamp: int
    message: str


def write(region: str, group: str, stream: str, lines: Sequence[LogLine]) -> None:
    """Append the lines to a stream, created if need be; do nothing where the group is missing.

    Times are raised where needed: CloudWatch requires the events of a call in order of time.
    """
    # Not by moto's PutLogEvents, which takes ten times as long to validate them.
    if not lines:
        return
    latest = 0
    events = []
    for line in lines:
        latest = max(latest, line.timestamp)
        events.append((latest, line.message))
    with changes.access():
        if (found := _stream(region, group, stream)) is not None:
            operations.append(found, events)


def _stream(region: str, group: str, name: str) -> Any:
    backend = backends.backend("logs", region)
    found = backend.groups.get(group)
    if found is None:
        return None
    if name not in found.streams:
        # The group may be deleted at any moment.
        with contextlib.suppress(ResourceNotFoundException), _creating_stream:
            backend.ensure_log_stream(group, name)
    return found.streams.get(name)
