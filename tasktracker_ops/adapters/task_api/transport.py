"""HTTP requests to one API, with retries."""

from __future__ import annotations

import random
import shlex
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from tasktracker_ops.adapters.host.http_session import http_session
from tasktracker_ops.adapters.host.requests import requests
from tasktracker_ops.errors import ConfigurationError, TtOpsError
from tasktracker_ops.frozen import dataclass

from .errors import problem_slug, without_userinfo
from .rate_limiter import RateLimiter

# (connect, read) in seconds; API Gateway itself gives up after 30.
_TIMEOUT = (5, 31)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0  # seconds
_MAX_ATTEMPTS = 4  # while the connection fails
# The other exceptions of requests mean that the request is invalid.
_TRANSIENT_ERRORS = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
)
Authorise = Callable[[requests.PreparedRequest], requests.PreparedRequest]


@dataclass(frozen=True, slots=True)
class Call:
    """One request: `path` is relative to the API's address, `body` is sent as JSON.

    `repeatable` says that carrying it out twice does no harm, so that it may be sent again when its
    outcome is unknown. A throttled request may always be sent again.
    """

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] | None = None
    query: Mapping[str, str] | None = None
    repeatable: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """The response to a call; `uncertain` if an earlier attempt may have been carried out."""

    response: requests.Response
    uncertain: bool


class Transport:
    """Sends calls to one API. Threads may share it."""

    def __init__(self, api_url: str, *, authorise: Authorise | None, patience: float) -> None:
        """`patience` is the limit in seconds for a call with its retries; 0 means no retries.

        Raises ConfigurationError `api-url-invalid`.
        """
        if not _is_http(api_url):
            raise ConfigurationError(
                "api-url-invalid",
                f"{without_userinfo(api_url)!r} is not an API address: it starts with https:// "
                "and names a host",
                hint="see the deployment's address: tt-ops outputs",
            )
        self.api_url = api_url.rstrip("/") + "/"
        self._authorise = authorise
        self._patience = patience
        self._rate_limiter = RateLimiter()
        self._sessions = _Sessions(api_url)

    def send(self, call: Call) -> Reply:
        """Send a call, with retries where it allows them, and return the reply.

        Failed connections, 429, 503 and the 409 of a request in progress are retried, no sooner
        than `Retry-After` says. Raises TtOpsError `api-unreachable`.
        """
        deadline = time.monotonic() + self._patience
        uncertain = False
        attempt = 0
        while True:
            self._rate_limiter.wait()
            attempt += 1
            backoff = min(_FIRST_PAUSE * 2 ** (attempt - 1), _LONGEST_PAUSE)
            pause = backoff * random.uniform(0.5, 1)  # nosec B311 # jitter
            try:
                response = self.exchange(call)
            except TtOpsError as error:
                is_final = (
                    not isinstance(error.__cause__, _TRANSIENT_ERRORS) or attempt == _MAX_ATTEMPTS
                )
                if is_final or not call.repeatable or time.monotonic() + pause > deadline:
                    raise
                uncertain = True
                time.sleep(pause)
                continue
            is_throttled = response.status_code == 429
            if not is_throttled and not (call.repeatable and _is_temporary(response)):
                self._rate_limiter.speed_up()
                return Reply(response, uncertain)
            pause = max(pause, _retry_after(response))
            if time.monotonic() + pause > deadline:
                return Reply(response, uncertain)
            if is_throttled:
                self._rate_limiter.slow_down(pause)
            else:
                uncertain = True
                time.sleep(pause)

    def exchange(self, call: Call) -> requests.Response:
        """Send one request, without retries. Raises TtOpsError `api-unreachable`."""
        url = urljoin(self.api_url, call.path)
        # The link to a next page may lead to another server, which must not get the credentials.
        is_same_origin = _origin(url) == _origin(self.api_url)
        request = requests.Request(
            call.method,
            url,
            params=call.query,
            json=call.body,
            headers=call.headers,
            auth=self._authorise if is_same_origin else None,
        )
        http = self._sessions.http
        try:
            prepared = http.prepare_request(request)
            settings = http.merge_environment_settings(url, {}, None, None, None)
            return http.send(prepared, timeout=_TIMEOUT, allow_redirects=False, **settings)
        except requests.RequestException as error:
            address = without_userinfo(url)
            raise TtOpsError(
                "api-unreachable",
                f"{call.method} {address}: no answer ({_reason(error)})",
                hint=f"try it with curl: curl -i {shlex.quote(address)}",
            ) from error


class _Sessions(threading.local):
    """One session per thread, since those of requests are not thread-safe."""

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


def _is_temporary(response: requests.Response) -> bool:
    return response.status_code == 503 or problem_slug(response) == "request-in-progress"


def _retry_after(response: requests.Response) -> float:
    """Return the seconds of `Retry-After` (RFC 9110, section 10.2.3), or 0 without it."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    if moment.tzinfo is None:  # "-0000" means UTC without a zone
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _reason(error: BaseException) -> str:
    """Return the text of the innermost exception, which requests wraps three times."""
    while error.__context__ is not None:
        error = error.__context__
    return str(error) or type(error).__name__
