"""Check a version of the function by its number, before any client reaches it.

Each request is an event of API Gateway's payload format 2.0, as in
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tasktracker_ops.errors import TtOpsError

if TYPE_CHECKING:
    from tasktracker_ops.adapters.aws.functions import Functions

_TITLE = "Check of a new release by tt-ops, deleted at once"
_CHANGED = f"{_TITLE} (changed)"


class VersionChecks:
    """The checks of one version; each raises TtOpsError `version-broken`, which says why."""

    def __init__(self, function: Functions, version: str) -> None:
        self._function = function
        self._version = version

    def read(self) -> None:
        """Read the health route and the first page of the list."""
        self._request("GET", "/health", 200)
        tasks = self._request("GET", "/tasks", 200, query={"limit": "1"})
        if not isinstance(tasks, list):
            raise self._broken("GET /tasks", f"the body is not a list: {_shown(tasks)}")

    def write(self, key: str) -> None:
        """Create, read, change and delete a task; `key` is its idempotency key."""
        task_id = self.create(key)
        try:
            self._has_title(self._request("GET", f"/tasks/{task_id}", 200), "GET", _TITLE)
            kind = "application/merge-patch+json"
            body = {"title": _CHANGED}
            changed = self._request("PATCH", f"/tasks/{task_id}", 200, body=body, kind=kind)
            self._has_title(changed, "PATCH", _CHANGED)
        except TtOpsError:
            with suppress(TtOpsError):
                self._delete(task_id, (204, 404))
            raise
        self._delete(task_id, (204,))
        self._request("GET", f"/tasks/{task_id}", 404)

    def clean_up(self, key: str) -> None:
        """Delete the task that a check with this idempotency key may have left."""
        self._delete(self.create(key), (204, 404))

    def create(self, key: str) -> str:
        """Create the task, or find the one that was created with this key; return its id."""
        created = self._request(
            "POST", "/tasks", 201, body={"title": _TITLE}, headers={"idempotency-key": key}
        )
        task_id = created.get("task_id") if isinstance(created, dict) else None
        if not isinstance(task_id, str):
            raise self._broken("POST /tasks", f"the task has no task_id: {_shown(created)}")
        return task_id

    def _delete(self, task_id: str, statuses: tuple[int, ...]) -> None:
        self._request("DELETE", f"/tasks/{task_id}", *statuses)

    def _has_title(self, task: Any, method: str, title: str) -> None:
        found = task.get("title") if isinstance(task, dict) else None
        if found != title:
            raise self._broken(f"{method} /tasks/ID", f"the title is {found!r}, not {title!r}")

    def _request(
        self,
        method: str,
        path: str,
        *statuses: int,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, str] | None = None,
        kind: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send a request to the version; return the body of an answer with one of the statuses."""
        event = _event(method, path, query or {}, body, {"content-type": kind, **(headers or {})})
        name = f"{method} {path}"
        answer, error = self._function.invoke(self._version, event)
        if error is not None:
            message = answer.get("errorMessage") if isinstance(answer, dict) else answer
            raise self._broken(name, f"the function raised {error}: {_shown(message)}")
        status = answer.get("statusCode") if isinstance(answer, dict) else None
        if status not in statuses:
            problem = _shown(answer)
            raise self._broken(name, f"the answer is not {statuses[0]}, but {problem}")
        text = answer.get("body") or ""
        try:
            return json.loads(text) if text else None
        except (TypeError, ValueError):
            raise self._broken(name, f"the body is not JSON: {_shown(text)}") from None

    def _broken(self, request: str, reason: str) -> TtOpsError:
        return TtOpsError(
            "version-broken",
            f"version {self._version} does not work: {request}: {reason}",
            hint="see what it logged, fix it and deploy again: "
            f"tt-ops logs --errors --release {self._version}",
        )


def _event(
    method: str,
    path: str,
    query: Mapping[str, str],
    body: Mapping[str, str] | None,
    headers: Mapping[str, str],
) -> dict[str, Any]:
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "&".join(f"{name}={value}" for name, value in query.items()),
        "headers": {"accept": "application/json", **headers},
        "requestContext": {
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "tt-ops",
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": "$default",
            "stage": "$default",
            "time": datetime.now(UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(time.time() * 1000),
        },
        "isBase64Encoded": False,
    }
    if query:
        event["queryStringParameters"] = dict(query)
    if body is not None:
        event["body"] = json.dumps(body)
    return event


def _shown(value: Any) -> str:
    return repr(value)[:200]
