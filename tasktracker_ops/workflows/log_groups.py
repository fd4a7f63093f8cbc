"""Several log groups read as one, each with a filter pattern of its own."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tasktracker_ops.adapters.aws.logs import LogGroup, LogRecord


@dataclass(frozen=True, slots=True)
class LogPart:
    """A log group, and the pattern that selects its events."""

    group: LogGroup
    pattern: str
    is_access_log: bool = False


@dataclass(frozen=True, slots=True)
class LogParts:
    """Parts that are read as one log."""

    parts: Sequence[LogPart]

    def now(self) -> int:
        """Return the time of AWS's clock in epoch milliseconds, never a later one."""
        return min(part.group.now() for part in self.parts)

    def read(self, *, start: int, end: int | None = None) -> Iterator[LogRecord]:
        """Yield the events of all parts in the order of time."""
        read = [self._read(number, start, end) for number in range(len(self.parts))]
        return heapq.merge(*read, key=lambda record: record.timestamp)

    def _read(self, number: int, start: int, end: int | None) -> Iterator[LogRecord]:
        part = self.parts[number]
        for record in part.group.read(start=start, end=end, pattern=part.pattern):
            # Two groups may have events of the same id.
            yield replace(record, event_id=f"{number} {record.event_id}")
