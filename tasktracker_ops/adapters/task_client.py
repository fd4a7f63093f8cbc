"""The HTTP client of the task API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import requests

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models import Task

# (connect, read) in seconds; API Gateway itself gives up after 30.
_TIMEOUT = (5, 31)
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
Authorise = Callable[[requests.PreparedRequest], requests.PreparedRequest]


class TaskClient:
    """Tasks at one address. Every method raises TtOpsError for an answer that is no success."""

    def __init__(self, api_url: str, *, authorise: Authorise | None = None) -> None:
        address = urlsplit(api_url)
        if address.scheme not in {"http", "https"} or not address.hostname:
            raise TtOpsError(
                "api-url-invalid",
                f"{api_url!r} is no address of an API: it starts with https:// and names a host",
                hint="see the deployment's own: tt-ops outputs",
            )
        self.api_url = api_url.rstrip("/") + "/"
        self._authorise = authorise
        self._http = requests.Session()
        # A proxy for the world outside cannot reach this machine's own loopback.
        self._http.trust_env = address.hostname not in _LOOPBACK

    def list(self) -> Iterator[Task]:
        """All tasks, newest first; pages are fetched as they are needed."""
        url: str | None = "tasks"
        while url:
            answer = self._send("GET", url)
            yield from (Task.from_json(task) for task in answer.json())
            following = answer.links.get("next", {}).get("url")
            url = urljoin(answer.url, following) if following else None

    def add(self, fields: Mapping[str, str]) -> Task:
        """Create a task from `title` and, if given, `description` and `status`."""
        return self._task("POST", "tasks", fields)

    def show(self, task_id: str) -> Task:
        """One task."""
        return self._task("GET", _path(task_id))

    def edit(self, task_id: str, fields: Mapping[str, str]) -> Task:
        """Change the given fields of a task."""
        return self._task("PUT", _path(task_id), fields)

    def remove(self, task_id: str) -> None:
        """Delete a task."""
        self._send("DELETE", _path(task_id))

    def probe(self, path: str) -> requests.Response:
        """The answer to a GET of `path`, whatever its status. Raises TtOpsError without one."""
        return self._exchange("GET", path, None)

    def _task(self, method: str, path: str, fields: Mapping[str, str] | None = None) -> Task:
        return Task.from_json(self._send(method, path, fields).json())

    def _send(
        self, method: str, path: str, body: Mapping[str, str] | None = None
    ) -> requests.Response:
        answer = self._exchange(method, path, body)
        if not answer.ok:
            raise _refused(method, answer)
        return answer

    def _exchange(
        self, method: str, path: str, body: Mapping[str, str] | None
    ) -> requests.Response:
        url = urljoin(self.api_url, path)
        request = requests.Request(method, url, json=body, auth=self._authorise)
        try:
            prepared = self._http.prepare_request(request)
            settings = self._http.merge_environment_settings(url, {}, None, None, None)
            return self._http.send(prepared, timeout=_TIMEOUT, allow_redirects=False, **settings)
        except requests.RequestException as error:
            raise TtOpsError(
                "api-unreachable",
                f"{method} {url}: no answer ({_reason(error)})",
                hint="see whether it is up: tt-ops outputs",
            ) from error


def _path(task_id: str) -> str:
    return f"tasks/{quote(task_id, safe='')}"


def _reason(error: BaseException) -> str:
    """The innermost cause in a sentence: requests wraps the telling one three times."""
    while error.__context__ is not None:
        error = error.__context__
    return str(error) or type(error).__name__


def _refused(method: str, answer: requests.Response) -> TtOpsError:
    problem = _problem(answer)
    detail = (
        problem.get("detail") or problem.get("title") or problem.get("message") or answer.reason
    )
    fields = "; ".join(
        f"{error.get('pointer', '')} {error.get('detail', '')}".strip()
        for error in problem.get("errors", [])
        if isinstance(error, dict)
    )
    sentence = f"{method} {answer.url}: {answer.status_code} {detail}"
    code, hint = _MEANINGS.get(answer.status_code, ("api-error", "look at its log: tt-ops outputs"))
    return TtOpsError(code, f"{sentence} ({fields})" if fields else sentence, hint=hint)


_MEANINGS = {
    403: ("api-forbidden", "name credentials that may call it: tt-ops --profile NAME tasks …"),
    404: ("task-not-found", "see which there are: tt-ops tasks list"),
    422: ("task-invalid", "see what a task takes: tt-ops tasks add --help"),
    429: ("api-throttled", "try again in a moment: tt-ops tasks list"),
}


def _problem(answer: requests.Response) -> dict[str, Any]:
    try:
        content = answer.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
