"""Error responses of the task API, as errors for the user."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tasktracker_ops.adapters.host.requests import requests
from tasktracker_ops.errors import TtOpsError

_CHALLENGE = re.compile(r'error_description="([^"]+)"')
_OTHER_STATUS = ("api-error", "see what the function logged: tt-ops logs --errors")
_STATUSES = {
    400: ("api-error", "see the commands and their options: tt-ops tasks --help"),
    404: ("task-not-found", "list the tasks: tt-ops tasks list"),
    409: ("request-in-progress", "see in a moment whether it was done: tt-ops tasks list"),
    412: ("task-changed", "see what it is now: tt-ops tasks list"),
    413: ("task-too-large", "see how long each text may be: tt-ops tasks add --help"),
    422: ("task-invalid", "see which values are valid: tt-ops tasks add --help"),
    429: ("api-throttled", "try again in a moment: tt-ops tasks list"),
    503: ("api-unavailable", "try again in a moment: tt-ops tasks list"),
}
_PROBLEMS = {
    "invalid-parameter": (
        "parameter-invalid",
        "see which values are valid: tt-ops tasks list --help",
    ),
    "invalid-cursor": ("cursor-invalid", "start at the first page: tt-ops tasks list"),
    "invalid-idempotency-key": (
        "idempotency-key-invalid",
        "leave it out, so that each call gets its own: tt-ops tasks add --help",
    ),
    "idempotency-key-reused": (
        "idempotency-key-reused",
        "see the task that was added with it: tt-ops tasks list",
    ),
}
_USERINFO = re.compile(r"(?<=//)[^/\s]*@")
_INVALID_ID = re.compile(r"/tasks/(?![A-Za-z0-9._~-]{1,128}$)[^/?]+$")


def api_error(response: requests.Response) -> TtOpsError:
    """Return the error for an error response; its code follows from status and problem type."""
    problem = _problem(response)
    slug = problem_slug(response)
    has_invalid_id = slug == "route-not-found" and _INVALID_ID.search(response.request.path_url)
    if response.status_code == 404 and slug != "task-not-found" and not has_invalid_id:
        # From another server, from API Gateway itself, or for another path.
        return unexpected_response(response, str(problem.get("title") or response.reason))
    detail = (
        problem.get("detail") or problem.get("title") or problem.get("message") or response.reason
    )
    if has_invalid_id:
        detail = "this is not a valid task id"
    request = f"{response.request.method} {without_userinfo(response.url)}"
    sentence = f"{request}: {response.status_code} {str(detail).rstrip('.')}"
    if response.status_code in {401, 403}:
        code, hint = "api-forbidden", _access_hint(response)
    elif slug in _PROBLEMS:
        code, hint = _PROBLEMS[slug]
    else:
        code, hint = _STATUSES.get(response.status_code, _OTHER_STATUS)
    fields = _field_errors(response, problem, str(detail))
    return TtOpsError(code, f"{sentence} ({fields})" if fields else sentence, hint=hint)


def unexpected_response(response: requests.Response, reason: str) -> TtOpsError:
    """Return the error for a response that the task API does not send."""
    return TtOpsError(
        "api-answer-unreadable",
        f"{response.request.method} {without_userinfo(response.url)} does not answer as the task "
        f"API: {response.status_code} {reason}",
        hint="see the deployment's address: tt-ops outputs",
    )


@contextmanager
def parse_errors(response: requests.Response) -> Iterator[None]:
    """Turn errors while parsing a response into the error for an unexpected response."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        content_type = response.headers.get("Content-Type", "no content type")
        raise unexpected_response(response, f"{content_type}: {response.text[:100]!r}") from error


def without_userinfo(url: str) -> str:
    """Return the URL without user and password (RFC 3986, section 3.2.1), for messages."""
    return _USERINFO.sub("", url)


def problem_slug(response: requests.Response) -> str:
    """Return the last part of a problem's type (RFC 9457), such as `task-not-found`, or ""."""
    prefix, _, slug = str(_problem(response).get("type", "")).rpartition(":")
    return slug if prefix == "urn:task-tracker:problem" else ""


def _problem(response: requests.Response) -> dict[str, Any]:
    try:
        content = response.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _field_errors(response: requests.Response, problem: dict[str, Any], detail: str) -> str:
    """Return what is wrong with which field, without what `detail` already says."""
    if challenge := _CHALLENGE.search(response.headers.get("WWW-Authenticate", "")):
        return challenge[1]
    errors = problem.get("errors")
    return "; ".join(
        f"{error.get('pointer', '')} {error.get('detail', '')}".strip()
        for error in (errors if isinstance(errors, list) else [])
        if isinstance(error, dict) and str(error.get("detail", "")) not in detail
    )


def _access_hint(response: requests.Response) -> str:
    authorization = str(response.request.headers.get("Authorization", ""))
    if authorization.startswith("Bearer ") and response.status_code == 403:
        scope = "tasks:read" if response.request.method in {"GET", "HEAD"} else "tasks:write"
        return f"use a token with the scope {scope}: export TT_OPS_API_TOKEN=TOKEN"
    if authorization.startswith("Bearer "):
        return "get a new token from the issuer: export TT_OPS_API_TOKEN=TOKEN"
    if authorization.startswith("AWS4-"):
        return "check that this identity is allowed execute-api:Invoke: aws sts get-caller-identity"
    if response.headers.get("WWW-Authenticate", "").startswith("Bearer"):
        return "the API requires a token: export TT_OPS_API_TOKEN=TOKEN"
    return "see which callers the API accepts (api_auth): tt-ops outputs"
