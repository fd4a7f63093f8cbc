"""One HTTP request to an API, and what is recorded of it."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

PREFIX = "/_aws/execute-api/"
STAGE = "$default"
"""The only stage that is emulated."""


@dataclass(frozen=True)
class ApiCall:
    """A request behind the `/_aws/execute-api/{api_id}` prefix.

    `path` is decoded, as HTTP APIs see it; `sent_path` is the whole path as it came over the wire,
    which is what a client signs. Header names are lower-case, repeated headers joined by commas.
    """

    api_id: str
    method: str
    path: str
    sent_path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    source_ip: str
    protocol: str
    request_id: str = field(default_factory=lambda: base64.b64encode(os.urandom(11)).decode())
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @classmethod
    def from_environ(cls, environ: Mapping[str, Any]) -> ApiCall:
        """Read a WSGI request whose path starts with the prefix and whose body is in memory."""
        sent_path, _, query = str(environ["RAW_URI"]).partition("?")
        api_id, _, rest = sent_path.removeprefix(PREFIX).partition("/")
        return cls(
            api_id=api_id,
            method=environ["REQUEST_METHOD"],
            path="/" + unquote(rest),
            sent_path=sent_path,
            query=query,
            headers=_headers(environ),
            body=environ["wsgi.input"].read(),
            source_ip=environ["REMOTE_ADDR"],
            protocol=environ["SERVER_PROTOCOL"],
        )

    @property
    def host(self) -> str:
        """Return the Host header."""
        return self.headers.get("host", "")

    @property
    def time(self) -> str:
        """Return the time of arrival as API Gateway writes it: `12/Mar/2020:19:03:58 +0000`."""
        return self.at.strftime("%d/%b/%Y:%H:%M:%S +0000")


@dataclass
class Exchange:
    """A call, moto's API and stage that answer it, and details for metrics and the access log."""

    call: ApiCall
    region: str
    api: Any
    stage: Any
    route_key: str | None = None
    authorizer_error: str | None = None
    integration_error: str | None = None
    integration_latency_ms: float | None = None


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    # WSGI has these two, empty, even where the client has not sent them.
    own = {name for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(name)}
    return {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in own
    }
