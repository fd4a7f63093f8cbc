"""Log events."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_OF_LAMBDA = re.compile(r"(?:START|END|REPORT) RequestId: |INIT_(?:START|REPORT) ")


@dataclass(frozen=True, slots=True)
class LogEvent:
    """An event of a log group; `fields` is the message's JSON object, when it is one."""

    at: str
    stream: str
    message: str
    fields: Mapping[str, Any] | None = field(default=None)

    @property
    def is_from_lambda(self) -> bool:
        """Whether Lambda wrote it about an invocation, and not the function."""
        return _OF_LAMBDA.match(self.message) is not None


@dataclass(frozen=True, slots=True)
class LogMessage:
    """The message of a log event, as it was written."""

    message: str
