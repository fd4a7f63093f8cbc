"""Pages of a list: their parameters, and the cursor of the next one."""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import urlencode

from problems import InvalidCursor, InvalidParameter, ParameterError
from tasks import STATUSES, Task

MAX_LIMIT = 100
DEFAULT_LIMIT = 50
MAX_PAGE_BYTES = 4_500_000  # Lambda refuses responses of more than 6 MB

_PARAMETERS = ("status", "limit", "cursor")
_LIMIT = re.compile(r"[1-9][0-9]{0,2}")
_CHECK_BYTES = 6
_MAX_KEY_BYTES = 1024  # of an index's sort key


@dataclass(frozen=True, slots=True)
class Page:
    """A JSON array of tasks, and the URL of the next page if there is one."""

    text: str
    next: str | None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Up to ``limit`` tasks of a status, or of all, whose ids are below ``before`` if it is set."""

    status: str | None
    limit: int
    before: str | None
    filters: Mapping[str, str]  # status and limit as given

    def page(self, newest: Iterable[Task]) -> Page:
        """Return a page of up to ``limit`` tasks: fewer if they are large, at least one."""
        texts: list[str] = []
        size = 0
        last = ""
        for task in newest:
            text = task.json()
            size += len(json.dumps(text))  # the runtime escapes it once more
            if len(texts) == self.limit or (texts and size > MAX_PAGE_BYTES):
                return Page(f"[{','.join(texts)}]", self._next(last))
            texts.append(text)
            last = task.task_id
        return Page(f"[{','.join(texts)}]", None)

    def _next(self, last: str) -> str:
        # Relative, since only the client knows the stage or base path before it (RFC 8288, 3.1).
        query = {**self.filters, "cursor": cursor_after(last, self.status)}
        return f"tasks?{urlencode(query)}"


def page_request(query: Mapping[str, str]) -> PageRequest:
    """Return the page that a query string names; raise ``InvalidParameter`` or ``InvalidCursor``.

    API Gateway joins the values of a repeated parameter with commas; no valid value has a comma.
    """
    for name, value in query.items():
        if name not in _PARAMETERS:
            _reject(name, f"is unknown; use {', '.join(_PARAMETERS)}")
        if "," in value and name != "cursor":  # which has a problem of its own
            _reject(name, "is repeated, or has a comma")
    status, limit, cursor = (query.get(name) for name in _PARAMETERS)
    if status is not None and status not in STATUSES:
        _reject("status", f"must be one of {', '.join(STATUSES)}")
    if limit is not None and not (_LIMIT.fullmatch(limit) and int(limit) <= MAX_LIMIT):
        _reject("limit", f"must be a whole number from 1 to {MAX_LIMIT}")
    return PageRequest(
        status=status,
        limit=DEFAULT_LIMIT if limit is None else int(limit),
        before=None if cursor is None else _task_id_of(cursor, status),
        filters={name: query[name] for name in _PARAMETERS if name in query and name != "cursor"},
    )


def cursor_after(task_id: str, status: str | None) -> str:
    """Return the cursor after a task in a list: a checksum and its id, as base64url.

    The checksum covers the filter of the list. It detects mistakes; it is no protection.
    """
    position = task_id.encode()
    check = hashlib.sha256(f"cursor 1 {status or '*'} ".encode() + position).digest()[:_CHECK_BYTES]
    return base64.urlsafe_b64encode(check + position).decode().rstrip("=")


def _task_id_of(cursor: str, status: str | None) -> str:
    try:
        decoded = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[_CHECK_BYTES:]
        task_id = decoded.decode() if len(decoded) <= _MAX_KEY_BYTES else ""
    except ValueError:
        task_id = ""
    if not task_id or cursor_after(task_id, status) != cursor:
        detail = "must be one from the Link header of a list of the same status"
        raise InvalidCursor(
            f"The cursor {detail}.", errors=[ParameterError(parameter="cursor", detail=detail)]
        )
    return task_id


def _reject(name: str, detail: str) -> NoReturn:
    shown = name.encode(errors="replace").decode()[:40]
    raise InvalidParameter(
        f"The parameter {shown!r} {detail}.",
        errors=[ParameterError(parameter=shown, detail=detail)],
    )
