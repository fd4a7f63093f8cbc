"""The HTTP client of the task API."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urljoin

import requests

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.task import Task

from .errors import problem_slug, readable, refused, unexpected_response
from .transport import Authorise, Call, Transport

_LARGEST_PAGE = 100


class TaskClient:
    """Tasks at one address, e.g. `https://abc.execute-api.eu-west-3.amazonaws.com`.

    Every method raises TtOpsError for what is no success, with a `code` that stays:
    `task-not-found`, `task-changed` (it has another version than `if_match`), `task-invalid`,
    `task-too-large`, `api-throttled`, `api-unavailable`, `api-unreachable`, `api-forbidden`,
    `api-error`, `api-answer-unreadable`. Calls are repeated, with growing pauses, when the
    connection fails or the API says 429 or 503, unless that could do something twice. Threads may
    share a client.
    """

    def __init__(
        self, api_url: str, *, authorise: Authorise | None = None, patience: float = 60.0
    ) -> None:
        """`authorise` gets each prepared request to the API, to sign it or to add a token.

        A link to a next page at another origin is followed without.
        `patience` is how many seconds a call may take with its repetitions; 0 repeats nothing.
        Raises ConfigurationError `api-url-invalid`.
        """
        self._transport = Transport(api_url, authorise=authorise, patience=patience)
        self.api_url = self._transport.api_url
        self.anonymous = authorise is None

    def list(self, status: str | None = None, limit: int | None = None) -> Iterator[Task]:
        """The newest `limit` tasks, or all, of a status, or of all; newest first.

        Pages of up to 100 are fetched as they are needed.
        """
        if limit == 0:
            return
        query = {"limit": str(min(limit or _LARGEST_PAGE, _LARGEST_PAGE))}
        call = Call("GET", "tasks", query=query if status is None else {"status": status, **query})
        left = limit
        while True:
            answer = self._send(call)
            with readable(answer):
                tasks = _page(answer.json())[:left]
            yield from tasks
            left = None if left is None else left - len(tasks)
            following = answer.links.get("next", {}).get("url")
            if not following or left == 0:
                return
            call = Call("GET", urljoin(answer.url, following))

    def add(
        self,
        title: str,
        *,
        description: str | None = None,
        status: str | None = None,
        idempotency_key: str | None = None,
    ) -> Task:
        """Create a task.

        The same key with the same fields makes no second task for 24 hours, and gives the first
        one; with other fields it raises TtOpsError `idempotency-key-reused`. Without one, the key
        is random: it covers the repetitions of this call.
        """
        key = str(uuid.uuid4()) if idempotency_key is None else idempotency_key
        fields = _given(title=title, description=description, status=status)
        return self._task(Call("POST", "tasks", fields, {"Idempotency-Key": key}))

    def create_under_id(self, task_id: str, fields: Mapping[str, Any]) -> bool:
        """Create a task under its own id, a UUID; return False where there is one already.

        What is there stays as it is, so the call may be repeated.
        """
        answer = self._transport.send(
            Call("PUT", _path(task_id), fields, {"If-None-Match": "*"})
        ).answer
        if answer.status_code != 412:
            _checked(answer)
        return answer.status_code != 412

    def show(self, task_id: str) -> Task:
        """One task."""
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
        """Change the given fields of a task; `others` are those that a newer API has.

        `if_match`, a task's `version` or an entity tag, guards what others changed since: then
        TtOpsError `task-changed` is raised. Without it a call whose answer is lost is not repeated,
        since that could undo what somebody else has changed in between.
        """
        fields = _given(title=title, description=description, status=status, **others)
        headers = {"Content-Type": "application/merge-patch+json", **_if_match(if_match)}
        call = Call("PATCH", _path(task_id), fields, headers, repeatable=if_match is not None)
        reply = self._transport.send(call)
        if reply.answer.status_code == 412 and reply.uncertain:
            found = self.show(task_id)
            if _is_result(found, fields, if_match):
                return found
        return _task_of(_checked(reply.answer))

    def remove(self, task_id: str, *, if_match: int | str | None = None) -> None:
        """Delete a task; `if_match` as with `edit`."""
        reply = self._transport.send(Call("DELETE", _path(task_id), headers=_if_match(if_match)))
        # Ids are never used again: if it is gone, an attempt before has removed it, or it is as if.
        if not (reply.uncertain and problem_slug(reply.answer) == "task-not-found"):
            _checked(reply.answer)

    def probe(self, path: str) -> requests.Response:
        """The answer to one GET of `path`, whatever its status. Raises TtOpsError without one."""
        return self._transport.exchange(Call("GET", path))

    def _task(self, call: Call) -> Task:
        return _task_of(self._send(call))

    def _send(self, call: Call) -> requests.Response:
        return _checked(self._transport.send(call).answer)


def _checked(answer: requests.Response) -> requests.Response:
    if answer.is_redirect:
        raise unexpected_response(answer, f"points to {answer.headers['Location']!r}")
    if not answer.ok:
        raise refused(answer)
    return answer


def _task_of(answer: requests.Response) -> Task:
    with readable(answer):
        return Task.from_json(answer.json())


def _path(task_id: str) -> str:
    # An address that ends with one of these is another address.
    if task_id in {"", ".", ".."}:
        raise TtOpsError(
            "task-not-found",
            f"there is no task {task_id!r}",
            hint="see which there are: tt-ops tasks list",
        )
    return f"tasks/{quote(task_id, safe='', errors='replace')}"


def _page(content: Any) -> Sequence[Task]:
    # An empty object would pass for an empty list.
    if not isinstance(content, list):
        raise TypeError(content)
    return [Task.from_json(task) for task in content]


def _given(**fields: str | None) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value is not None}


def _if_match(version: int | str | None) -> dict[str, str]:
    if version is None:
        return {}
    return {"If-Match": f'"{version}"' if isinstance(version, int) else version}


def _is_result(found: Task, fields: Mapping[str, str], if_match: int | str | None) -> bool:
    """Whether a task is what an edit of the version `if_match` makes of it."""
    version = str(if_match).strip('"')
    written = {name: value.strip() if name == "title" else value for name, value in fields.items()}
    return (
        version.isdigit()
        and found.version == int(version) + 1
        and all(getattr(found, name) == value for name, value in written.items())
    )
