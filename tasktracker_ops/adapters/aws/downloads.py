"""Downloads from the addresses that AWS signs for a few minutes."""

from __future__ import annotations

from urllib.parse import urlsplit

from tasktracker_ops.adapters.host.http_session import http_session
from tasktracker_ops.adapters.host.requests import requests
from tasktracker_ops.errors import TtOpsError

from .session import CONNECTION_HINT

_TIMEOUT = (5, 30)  # seconds: to connect, and between two reads


def download(url: str, what: str) -> bytes:
    """Return what is at a signed address, which no error shows.

    Raises TtOpsError `code-unreachable`.
    """
    try:
        with http_session(url) as session:
            answer = session.get(url, timeout=_TIMEOUT)
            if answer.ok:
                return answer.content
            reason = f"HTTP {answer.status_code}"
    except requests.RequestException as error:
        reason = type(error).__name__
    raise TtOpsError(
        "code-unreachable",
        f"downloading {what} from {urlsplit(url).hostname!r} failed: {reason}",
        hint=CONNECTION_HINT,
    )
