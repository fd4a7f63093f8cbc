"""Log events."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tasktracker_ops.frozen import dataclass

_LAMBDA_LINE = re.compile(r"(?:START|END|REPORT) RequestId: |INIT_(?:START|REPORT) ")


@dataclass(frozen=True, slots=True)
class LogEvent:
    """An event of a log group; `fields` is the message's JSON object, when it is one."""

    at: str
    stream: str
    message: str
    fields: Mapping[str, Any] | None = None

    @property
    def is_from_lambda(self) -> bool:
        """Return whether Lambda wrote it, and not the function."""
        return _LAMBDA_LINE.match(self.message) is not None


@dataclass(frozen=True, slots=True)
class RepeatedEvent:
    """An event that came `count` times, and when it last did."""

    event: LogEvent
    count: int
    last: str


@dataclass(frozen=True, slots=True)
class LogMessage:
    """The message of a log event, as it was written."""

    message: str
