"""HTTP exchanges with one API: one at a time, or repeated until there is an answer to work with."""

from __future__ import annotations

import random
import shlex
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from tasktracker_ops.adapters.host.http_session import http_session
from tasktracker_ops.errors import ConfigurationError, TtOpsError

from .errors import problem_slug, without_userinfo
from .rate_limiter import RateLimiter

# (connect, read) in seconds; API Gateway itself gives up after 30.
_TIMEOUT = (5, 31)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0  # seconds
_CONNECTIONS = 4  # attempts, where the network or the server fails and nobody asks to wait
# What may pass by itself; the rest of requests' exceptions is about the request.
_TRANSIENT = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
)
Authorise = Callable[[requests.PreparedRequest], requests.PreparedRequest]


@dataclass(frozen=True, slots=True)
class Call:
    """One request: `path` counts from the API's address, `body` is sent as JSON.

    `repeatable` says that carrying it out twice does no harm, so that it may be sent again when
    nobody knows what became of it. What was only throttled may always be sent again.
    """

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] | None = None
    query: Mapping[str, str] | None = None
    repeatable: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a call; `uncertain` if an attempt before may have been carried out."""

    answer: requests.Response
    uncertain: bool


class Transport:
    """Sends calls to one API; threads may share it."""

    def __init__(self, api_url: str, *, authorise: Authorise | None, patience: float) -> None:
        """`patience` is in seconds, for a call with all its attempts and pauses; 0 repeats nothing.

        Raises ConfigurationError `api-url-invalid`.
        """
        if not _is_http(api_url):
            raise ConfigurationError(
                "api-url-invalid",
                f"{without_userinfo(api_url)!r} is no address of an API: it starts with https:// "
                "and names a host",
                hint="see the deployment's own: tt-ops outputs",
            )
        self.api_url = api_url.rstrip("/") + "/"
        self._authorise = authorise
        self._patience = patience
        self._pace = RateLimiter()
        self._threads = _Sessions(api_url)

    def send(self, call: Call) -> Reply:
        """Exchange a call, with pauses and repetitions as far as it allows them.

        Repeated are connections that fail, 503 and 429, both no sooner than `Retry-After` says, and
        409 while the same request is under way. Raises TtOpsError `api-unreachable`.
        """
        deadline = time.monotonic() + self._patience
        uncertain = False
        attempt = 0
        while True:
            self._pace.wait()
            attempt += 1
            backoff = min(_FIRST_PAUSE * 2 ** (attempt - 1), _LONGEST_PAUSE)
            pause = backoff * random.uniform(0.5, 1)  # nosec B311 # jitter
            try:
                answer = self.exchange(call)
            except TtOpsError as error:
                lasting = not isinstance(error.__cause__, _TRANSIENT) or attempt == _CONNECTIONS
                if lasting or not call.repeatable or time.monotonic() + pause > deadline:
                    raise
                uncertain = True
                time.sleep(pause)
                continue
            throttled = answer.status_code == 429
            if not throttled and not (call.repeatable and _is_passing(answer)):
                self._pace.faster()
                return Reply(answer, uncertain)
            pause = max(pause, _retry_after(answer))
            if time.monotonic() + pause > deadline:
                return Reply(answer, uncertain)
            if throttled:
                self._pace.slower(pause)
            else:
                uncertain = True
                time.sleep(pause)

    def exchange(self, call: Call) -> requests.Response:
        """Send one request and return its answer. Raises TtOpsError `api-unreachable`."""
        url = urljoin(self.api_url, call.path)
        # The link to a list's next page may lead anywhere: what is secret stays with the API.
        at_home = _origin(url) == _origin(self.api_url)
        request = requests.Request(
            call.method,
            url,
            params=call.query,
            json=call.body,
            headers=call.headers,
            auth=self._authorise if at_home else None,
        )
        http = self._threads.http
        try:
            prepared = http.prepare_request(request)
            settings = http.merge_environment_settings(url, {}, None, None, None)
            return http.send(prepared, timeout=_TIMEOUT, allow_redirects=False, **settings)
        except requests.RequestException as error:
            shown = without_userinfo(url)
            raise TtOpsError(
                "api-unreachable",
                f"{call.method} {shown}: no answer ({_reason(error)})",
                hint=f"try it by hand: curl -i {shlex.quote(shown)}",
            ) from error


class _Sessions(threading.local):
    """A session for each thread: requests does not promise that threads may share one."""

    def __init__(self, url: str) -> None:
        self.http = http_session(url)


def _is_http(url: str) -> bool:
    try:
        address = urlsplit(url)
        return address.scheme in {"http", "https"} and bool(address.hostname)
    except ValueError:
        return False


def _origin(url: str) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port (RFC 6454, section 4)."""
    address = urlsplit(url)
    port = address.port or {"http": 80, "https": 443}.get(address.scheme)
    return address.scheme, address.hostname, port


def _is_passing(answer: requests.Response) -> bool:
    return answer.status_code == 503 or problem_slug(answer) == "request-in-progress"


def _retry_after(answer: requests.Response) -> float:
    """Return the seconds that the server asks to wait (RFC 9110, section 10.2.3), else 0."""
    value = answer.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    if moment.tzinfo is None:  # "-0000", which says nothing of a zone
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _reason(error: BaseException) -> str:
    """Return the innermost cause in a sentence: requests wraps it three times."""
    while error.__context__ is not None:
        error = error.__context__
    return str(error) or type(error).__name__
