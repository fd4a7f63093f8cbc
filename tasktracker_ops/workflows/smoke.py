"""The check of a release through the API, which runs the function, which reads its table.

An API that takes bearer tokens is called with the one that is set, or without one.
"""

from __future__ import annotations

import shlex
import time
import uuid
from typing import TYPE_CHECKING

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.plan import Plan
from tasktracker_ops.models.release import API_TIMEOUT

if TYPE_CHECKING:
    from tasktracker_ops.adapters.task_api.client import TaskClient

# Seconds until the API has to work. A new role or API takes a while to reach all of AWS; where
# something only changed, every second of waiting is a second of an outage.
_SECONDS_AFTER_ADDING = 20.0
_POLL_SECONDS = 1.0
_NO_TASK = f"tasks/{uuid.UUID(int=0)}"
# By status: API Gateway's own errors are application/json, the function's are problem+json.
_TYPES = {
    200: "application/json",
    401: "application/json",
    403: "application/json",
    404: "application/problem+json",
}


def smoke_timeout(plan: Plan) -> float:
    """Return how many seconds the API may take to work after `plan` was applied."""
    return _SECONDS_AFTER_ADDING if plan.add else API_TIMEOUT


def smoke_check(api: TaskClient, *, api_auth: str, timeout: float) -> bool:
    """Read the health route, and a task that cannot exist, which reads the table.

    Return whether the table was checked: an API with JWT rejects a call without a valid token,
    though the deployment may be fine. `timeout` is in seconds. Raises TtOpsError `api-unhealthy`
    with the last unexpected response, or the client's own error.
    """
    deadline = time.monotonic() + timeout
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
            time.sleep(_POLL_SECONDS)


def _check(api: TaskClient, path: str, statuses: tuple[int, ...]) -> int:
    response = api.probe(path)
    status, kind = response.status_code, response.headers.get("Content-Type", "")
    if status in statuses and kind.startswith(_TYPES[status]):
        return status
    raise TtOpsError(
        "api-unhealthy",
        f"GET {response.url} returned {status} instead of {statuses[0]}: {response.text[:200]!r}",
        hint=f"try it by hand: curl -i {shlex.quote(response.url)}",
    )
