"""Read the events of one request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from .log_groups import LogPart

if TYPE_CHECKING:
    from tasktracker_ops.adapters.aws.logs import LogRecord

# A request id of Lambda, or the part of it that is shown, and one of API Gateway.
_LAMBDA_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f-]{0,27})?")
_API_ID = re.compile(r"[\w=+/-]{12,}", re.ASCII)


def request_events(
    part: LogPart, request_id: str, *, start: int, until: int | None, pattern: str
) -> list[LogRecord]:
    """Return all events of a request in order, also those without its id.

    Times are in epoch milliseconds; with `pattern`, only events that match it are returned.
    """
    group = part.group
    quoted = json.dumps(request_id, ensure_ascii=False)
    named = _naming(request_id)
    found = group.read(start=start, end=until, pattern=quoted)
    naming = [record for record in found if named.search(record.message)]
    records: list[LogRecord] = []
    for stream in dict.fromkeys(record.stream for record in naming):
        lines = [record for record in naming if record.stream == stream]
        ended = part.is_access_log or any(each.message.startswith("REPORT ") for each in lines)
        end = lines[-1].timestamp if ended else until
        records += _cut(group.read(start=lines[0].timestamp, end=end, streams=[stream]), named)
    if records and pattern:
        times = [record.timestamp for record in records]
        matching = group.read(start=min(times), end=max(times), pattern=pattern)
        ids = {record.event_id for record in matching}
        records = [record for record in records if record.event_id in ids]
    return sorted(records, key=lambda record: record.timestamp)


def is_request_id(text: str) -> bool:
    """Return whether a text is a request id, or the first 8 characters of one."""
    return any(form.fullmatch(text) for form in (_LAMBDA_ID, _API_ID))


def _naming(request_id: str) -> re.Pattern[str]:
    """Match the id as a word; the beginning of a Lambda id is enough."""
    end = "" if _LAMBDA_ID.fullmatch(request_id) else r"(?![\w=+/-])"
    return re.compile(rf"(?<![\w=+/-]){re.escape(request_id)}{end}")


def _cut(records: Iterable[LogRecord], named: re.Pattern[str]) -> Iterator[LogRecord]:
    """Yield what has the id, or is between its START and REPORT: a stream runs one at a time."""
    inside = False
    for record in records:
        names_it = named.search(record.message) is not None
        inside |= names_it and record.message.startswith("START ")
        if inside or names_it:
            yield record
        inside &= not (names_it and record.message.startswith("REPORT "))
