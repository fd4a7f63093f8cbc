"""The HTTP client of the task API."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import requests

from tasktracker_ops.errors import ConfigurationError, TtOpsError
from tasktracker_ops.models import Task

from .loopback import is_loopback

# (connect, read) in seconds; API Gateway itself gives up after 30.
_TIMEOUT = (5, 31)
Authorise = Callable[[requests.PreparedRequest], requests.PreparedRequest]


class TaskClient:
    """Tasks at one address. Every method raises TtOpsError for an answer that is no success."""

    def __init__(self, api_url: str, *, authorise: Authorise | None = None) -> None:
        if not _is_http(api_url):
            raise ConfigurationError(
                "api-url-invalid",
                f"{api_url!r} is no address of an API: it starts with https:// and names a host",
                hint="see the deployment's own: tt-ops outputs",
            )
        self.api_url = api_url.rstrip("/") + "/"
        self._authorise = authorise
        self.anonymous = authorise is None
        self._http = requests.Session()
        self._http.trust_env = not is_loopback(api_url)

    def list(self) -> Iterator[Task]:
        """All tasks, newest first; pages are fetched as they are needed."""
        url: str | None = "tasks"
        while url:
            answer = self._send("GET", url)
            with _readable(answer):
                tasks = _page(answer.json())
            yield from tasks
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
        answer = self._send(method, path, fields)
        with _readable(answer):
            return Task.from_json(answer.json())

    def _send(
        self, method: str, path: str, body: Mapping[str, str] | None = None
    ) -> requests.Response:
        answer = self._exchange(method, path, body)
        if answer.is_redirect:
            raise _strange(answer, f"points to {answer.headers['Location']!r}")
        if not answer.ok:
            raise _refused(answer)
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
                hint=f"try it by hand: curl -i {shlex.quote(url)}",
            ) from error


def _is_http(url: str) -> bool:
    try:
        address = urlsplit(url)
        return address.scheme in {"http", "https"} and bool(address.hostname)
    except ValueError:
        return False


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


@contextmanager
def _readable(answer: requests.Response) -> Iterator[None]:
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        kind = answer.headers.get("Content-Type", "no content type")
        raise _strange(answer, f"gave {kind}: {answer.text[:100]!r}") from error


def _strange(answer: requests.Response, what: str) -> TtOpsError:
    return TtOpsError(
        "api-answer-unreadable",
        f"{answer.request.method} {answer.url} does not answer as the task API: "
        f"{answer.status_code} {what}",
        hint="see the deployment's own address: tt-ops outputs",
    )


def _reason(error: BaseException) -> str:
    """The innermost cause in a sentence: requests wraps the telling one three times."""
    while error.__context__ is not None:
        error = error.__context__
    return str(error) or type(error).__name__


def _refused(answer: requests.Response) -> TtOpsError:
    problem = _problem(answer)
    if answer.status_code == 404 and not str(problem.get("type")).endswith(":task-not-found"):
        # Another server's, API Gateway's own, or another path's.
        return _strange(answer, str(problem.get("title") or answer.reason))
    detail = (
        problem.get("detail") or problem.get("title") or problem.get("message") or answer.reason
    )
    errors = problem.get("errors")
    fields = "; ".join(
        f"{error.get('pointer', '')} {error.get('detail', '')}".strip()
        for error in (errors if isinstance(errors, list) else [])
        if isinstance(error, dict)
    )
    if challenge := _CHALLENGE.search(answer.headers.get("WWW-Authenticate", "")):
        fields = challenge[1]
    where = f"{answer.request.method} {answer.url}"
    sentence = f"{where}: {answer.status_code} {str(detail).rstrip('.')}"
    if answer.status_code in {401, 403}:
        code, hint = "api-forbidden", _access_hint(answer)
    else:
        code, hint = _MEANINGS.get(answer.status_code, _UNKNOWN)
    return TtOpsError(code, f"{sentence} ({fields})" if fields else sentence, hint=hint)


def _access_hint(answer: requests.Response) -> str:
    sent = str(answer.request.headers.get("Authorization", ""))
    if sent.startswith("Bearer ") and answer.status_code == 403:
        return "take one with the scope tasks:read or tasks:write: export TT_OPS_API_TOKEN=TOKEN"
    if sent.startswith("Bearer "):
        return "take a new one from the issuer: export TT_OPS_API_TOKEN=TOKEN"
    if sent.startswith("AWS4-"):
        return "see who you are, and if that may do execute-api:Invoke: aws sts get-caller-identity"
    if answer.headers.get("WWW-Authenticate", "").startswith("Bearer"):
        return "it wants a token: export TT_OPS_API_TOKEN=TOKEN"
    return "see which callers it takes (api_auth): tt-ops outputs"


_CHALLENGE = re.compile(r'error_description="([^"]+)"')
_UNKNOWN = ("api-error", "find the name of its log group: tt-ops outputs")
_MEANINGS = {
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
