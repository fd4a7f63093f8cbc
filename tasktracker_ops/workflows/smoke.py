"""The check after a deploy: the API answers, runs the function, and the function its table.

An API that takes bearer tokens is called with the one that is set, or without one.
"""

from __future__ import annotations

import shlex
import time
import uuid
from typing import TYPE_CHECKING

from tasktracker_ops.errors import TtOpsError

if TYPE_CHECKING:
    from tasktracker_ops.adapters.task_api.client import TaskClient

_PAUSE_SECONDS = 1.0
_NO_TASK = f"tasks/{uuid.UUID(int=0)}"
# By status: API Gateway's own errors are application/json, the function's are problem+json.
_TYPES = {
    200: "application/json",
    401: "application/json",
    403: "application/json",
    404: "application/problem+json",
}


def smoke_check(api: TaskClient, *, api_auth: str, patience: float) -> bool:
    """Read the health route, and a task that cannot exist, which reads the table.

    Return whether the table was read: an API that takes tokens refuses a call without a valid one,
    which is no fault of what was deployed. `patience` is in seconds. Raises TtOpsError with the
    last unexpected response.
    """
    deadline = time.monotonic() + patience
    _expect(api, "health", (200,), deadline)
    if api_auth != "JWT":
        expected: tuple[int, ...] = (404,)
    else:
        expected = (401,) if api.anonymous else (404, 401, 403)
    return _expect(api, _NO_TASK, expected, deadline) == 404


def _expect(api: TaskClient, path: str, statuses: tuple[int, ...], deadline: float) -> int:
    while True:
        try:
            return _check(api, path, statuses)
        except TtOpsError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_PAUSE_SECONDS)


def _check(api: TaskClient, path: str, statuses: tuple[int, ...]) -> int:
    answer = api.probe(path)
    status, kind = answer.status_code, answer.headers.get("Content-Type", "")
    if status in statuses and kind.startswith(_TYPES[status]):
        return status
    raise TtOpsError(
        "api-unhealthy",
        f"GET {answer.url} gave {status} instead of {statuses[0]}: {answer.text[:200]!r}",
        hint=f"try it by hand: curl -i {shlex.quote(answer.url)}",
    )
