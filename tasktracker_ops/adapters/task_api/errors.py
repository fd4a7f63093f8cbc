"""Answers of the task API that are no success, in the user's terms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from tasktracker_ops.errors import TtOpsError

_CHALLENGE = re.compile(r'error_description="([^"]+)"')
_UNKNOWN = ("api-error", "find the name of its log group: tt-ops outputs")
_MEANINGS = {
    400: ("api-error", "see what the commands send: tt-ops tasks --help"),
    404: ("task-not-found", "see which there are: tt-ops tasks list"),
    409: ("request-in-progress", "see in a moment if it was done: tt-ops tasks list"),
    412: ("task-changed", "see how it is now: tt-ops tasks list"),
    413: ("task-too-large", "see how long its texts may be: tt-ops tasks add --help"),
    422: ("task-invalid", "see what a task takes: tt-ops tasks add --help"),
    429: ("api-throttled", "try again in a moment: tt-ops tasks list"),
    503: ("api-unavailable", "try again in a moment: tt-ops tasks list"),
}
_PROBLEMS = {
    "invalid-parameter": ("parameter-invalid", "see what a list takes: tt-ops tasks list --help"),
    "invalid-cursor": ("cursor-invalid", "begin with the first page: tt-ops tasks list"),
    "invalid-idempotency-key": (
        "idempotency-key-invalid",
        "leave it out, and each call gets its own: tt-ops tasks add --help",
    ),
    "idempotency-key-reused": (
        "idempotency-key-reused",
        "see what was added with it: tt-ops tasks list",
    ),
}
_USERINFO = re.compile(r"(?<=//)[^/\s]*@")
_NO_ID = re.compile(r"/tasks/(?![A-Za-z0-9._~-]{1,128}$)[^/?]+$")  # that a task can have


def refused(answer: requests.Response) -> TtOpsError:
    """Return the error for an answer that is no success; status and problem type give its code."""
    problem = _problem(answer)
    slug = problem_slug(answer)
    impossible = slug == "route-not-found" and _NO_ID.search(answer.request.path_url)
    if answer.status_code == 404 and slug != "task-not-found" and not impossible:
        # Another server's, API Gateway's own, or another path's.
        return unexpected_response(answer, str(problem.get("title") or answer.reason))
    detail = (
        problem.get("detail") or problem.get("title") or problem.get("message") or answer.reason
    )
    if impossible:
        detail = "no task can have this id"
    where = f"{answer.request.method} {without_userinfo(answer.url)}"
    sentence = f"{where}: {answer.status_code} {str(detail).rstrip('.')}"
    if answer.status_code in {401, 403}:
        code, hint = "api-forbidden", _access_hint(answer)
    elif slug in _PROBLEMS:
        code, hint = _PROBLEMS[slug]
    else:
        code, hint = _MEANINGS.get(answer.status_code, _UNKNOWN)
    fields = _fields(answer, problem, str(detail))
    return TtOpsError(code, f"{sentence} ({fields})" if fields else sentence, hint=hint)


def unexpected_response(answer: requests.Response, what: str) -> TtOpsError:
    """Return the error for an answer that the task API does not give."""
    return TtOpsError(
        "api-answer-unreadable",
        f"{answer.request.method} {without_userinfo(answer.url)} does not answer as the task API: "
        f"{answer.status_code} {what}",
        hint="see the deployment's own address: tt-ops outputs",
    )


@contextmanager
def readable(answer: requests.Response) -> Iterator[None]:
    """Turn what goes wrong while an answer's content is read into an error of its server."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        kind = answer.headers.get("Content-Type", "no content type")
        raise unexpected_response(answer, f"gave {kind}: {answer.text[:100]!r}") from error


def without_userinfo(url: str) -> str:
    """Return the URL without user and password (RFC 3986, section 3.2.1), to be shown."""
    return _USERINFO.sub("", url)


def problem_slug(answer: requests.Response) -> str:
    """Return the last part of a problem's type (RFC 9457), as `task-not-found`; else empty."""
    prefix, _, slug = str(_problem(answer).get("type", "")).rpartition(":")
    return slug if prefix == "urn:task-tracker:problem" else ""


def _problem(answer: requests.Response) -> dict[str, Any]:
    try:
        content = answer.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _fields(answer: requests.Response, problem: dict[str, Any], told: str) -> str:
    """Say what is wrong with which field, unless `told` says it."""
    if challenge := _CHALLENGE.search(answer.headers.get("WWW-Authenticate", "")):
        return challenge[1]
    errors = problem.get("errors")
    return "; ".join(
        f"{error.get('pointer', '')} {error.get('detail', '')}".strip()
        for error in (errors if isinstance(errors, list) else [])
        if isinstance(error, dict) and str(error.get("detail", "")) not in told
    )


def _access_hint(answer: requests.Response) -> str:
    sent = str(answer.request.headers.get("Authorization", ""))
    if sent.startswith("Bearer ") and answer.status_code == 403:
        scope = "tasks:read" if answer.request.method in {"GET", "HEAD"} else "tasks:write"
        return f"take one with the scope {scope}: export TT_OPS_API_TOKEN=TOKEN"
    if sent.startswith("Bearer "):
        return "take a new one from the issuer: export TT_OPS_API_TOKEN=TOKEN"
    if sent.startswith("AWS4-"):
        return "see who you are, and if that may do execute-api:Invoke: aws sts get-caller-identity"
    if answer.headers.get("WWW-Authenticate", "").startswith("Bearer"):
        return "it wants a token: export TT_OPS_API_TOKEN=TOKEN"
    return "see which callers it takes (api_auth): tt-ops outputs"
