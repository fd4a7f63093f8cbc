"""The HTTP client of the task API."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urljoin

from tasktracker_ops.adapters.host.requests import requests
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.task import Task

from .errors import api_error, parse_errors, problem_slug, unexpected_response
from .transport import Authorise, Call, Transport

_LARGEST_PAGE = 100


class TaskClient:
    """Tasks at one address, e.g. `https://abc.execute-api.eu-west-3.amazonaws.com`.

    Every method raises TtOpsError for a failure, with a stable `code`:
    `task-not-found`, `task-changed` (it has another version than `if_match`), `task-invalid`,
    `task-too-large`, `api-throttled`, `api-unavailable`, `api-unreachable`, `api-forbidden`,
    `api-error`, `api-answer-unreadable`. Calls are retried, with growing pauses, when the
    connection fails or the API answers 429 or 503, unless that could do something twice. Threads
    may share a client.
    """

    def __init__(
        self, api_url: str, *, authorise: Authorise | None = None, patience: float = 60.0
    ) -> None:
        """`authorise` gets each prepared request to the API, to sign it or to add a token.

        It is not called for a link to a next page at another origin. `patience` is the limit in
        seconds for a call with its retries; 0 means no retries.
        Raises ConfigurationError `api-url-invalid`.
        """
        self._transport = Transport(api_url, authorise=authorise, patience=patience)
        self.api_url = self._transport.api_url
        self.anonymous = authorise is None

    def list(self, status: str | None = None, limit: int | None = None) -> Iterator[Task]:
        """Yield up to `limit` tasks, newest first, only those with `status` if it is given.

        Pages of up to 100 are fetched as needed.
        """
        if limit == 0:
            return
        query = {"limit": str(min(limit or _LARGEST_PAGE, _LARGEST_PAGE))}
        call = Call("GET", "tasks", query=query if status is None else {"status": status, **query})
        left = limit
        while True:
            response = self._send(call)
            with parse_errors(response):
                tasks = _page(response.json())[:left]
            yield from tasks
            left = None if left is None else left - len(tasks)
            next_url = response.links.get("next", {}).get("url")
            if not next_url or left == 0:
                return
            call = Call("GET", urljoin(response.url, next_url))

    def add(
        self,
        title: str,
        *,
        description: str | None = None,
        status: str | None = None,
        idempotency_key: str | None = None,
    ) -> Task:
        """Create a task.

        For 24 hours, the same key with the same fields returns the first task and creates no
        second; with other fields it raises TtOpsError `idempotency-key-reused`. The default is a
        random key, which covers the retries of this call.
        """
        key = str(uuid.uuid4()) if idempotency_key is None else idempotency_key
        fields = _without_none(title=title, description=description, status=status)
        return self._task(Call("POST", "tasks", fields, {"Idempotency-Key": key}))

    def create_under_id(self, task_id: str, fields: Mapping[str, Any]) -> bool:
        """Create a task under `task_id`, a UUID; return False where there is one already.

        An existing task is not changed, so the call may be repeated.
        """
        response = self._transport.send(
            Call("PUT", _path(task_id), fields, {"If-None-Match": "*"})
        ).response
        if response.status_code != 412:
            _require_success(response)
        return response.status_code != 412

    def show(self, task_id: str) -> Task:
        """Return a task."""
        return self._task(Call("GET", _path(task_id)))

    def edit(
        self,
        task_id: str,
        *,
        title: str | None = None,
        description: str | None = None,
        status: str | None = None,
        if_match: int | str | None = None,
        **others: str | None,
    ) -> Task:
        """Change the given fields of a task; `others` are fields of a newer API.

        With `if_match`, a task's `version` or an entity tag, the call raises TtOpsError
        `task-changed` if the task has changed since. Without it, a call whose answer is lost is not
        retried, since that could undo a change that someone else made in between.
        """
        fields = _without_none(title=title, description=description, status=status, **others)
        headers = {"Content-Type": "application/merge-patch+json", **_if_match(if_match)}
        call = Call("PATCH", _path(task_id), fields, headers, repeatable=if_match is not None)
        reply = self._transport.send(call)
        if reply.response.status_code == 412 and reply.uncertain:
            task = self.show(task_id)
            if _is_result(task, fields, if_match):
                return task
        return _task_of(_require_success(reply.response))

    def remove(self, task_id: str, *, if_match: int | str | None = None) -> None:
        """Delete a task; `if_match` as with `edit`."""
        reply = self._transport.send(Call("DELETE", _path(task_id), headers=_if_match(if_match)))
        # An id is never used again: if the task is gone, an earlier attempt has removed it.
        if not (reply.uncertain and problem_slug(reply.response) == "task-not-found"):
            _require_success(reply.response)

    def probe(self, path: str) -> requests.Response:
        """Return the response to one GET of `path`, whatever its status.

        Raises TtOpsError `api-unreachable`.
        """
        return self._transport.exchange(Call("GET", path))

    def _task(self, call: Call) -> Task:
        return _task_of(self._send(call))

    def _send(self, call: Call) -> requests.Response:
        return _require_success(self._transport.send(call).response)


def _require_success(response: requests.Response) -> requests.Response:
    if response.is_redirect:
        raise unexpected_response(response, f"redirects to {response.headers['Location']!r}")
    if not response.ok:
        raise api_error(response)
    return response


def _task_of(response: requests.Response) -> Task:
    with parse_errors(response):
        return Task.from_json(response.json())


def _path(task_id: str) -> str:
    # A URL that ends with one of these names another resource.
    if task_id in {"", ".", ".."}:
        raise TtOpsError(
            "task-not-found",
            f"there is no task {task_id!r}",
            hint="list the tasks: tt-ops tasks list",
        )
    return f"tasks/{quote(task_id, safe='', errors='replace')}"


def _page(content: Any) -> Sequence[Task]:
    # Otherwise an empty object would count as an empty list.
    if not isinstance(content, list):
        raise TypeError(content)
    return [Task.from_json(task) for task in content]


def _without_none(**fields: str | None) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value is not None}


def _if_match(version: int | str | None) -> dict[str, str]:
    if version is None:
        return {}
    return {"If-Match": f'"{version}"' if isinstance(version, int) else version}


def _is_result(task: Task, fields: Mapping[str, str], if_match: int | str | None) -> bool:
    """Return whether a task is the result of an edit of the version `if_match`."""
    version = str(if_match).strip('"')
    expected = {name: value.strip() if name == "title" else value for name, value in fields.items()}
    return (
        version.isdigit()
        and task.version == int(version) + 1
        and all(getattr(task, name) == value for name, value in expected.items())
    )
