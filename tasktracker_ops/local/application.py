"""The WSGI application of the embedded AWS, composed of its parts."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.wrappers import Response

from tasktracker_ops import __version__
from tasktracker_ops.local import console, extensions
from tasktracker_ops.local.cloudwatch import publisher
from tasktracker_ops.local.http_api.answer import HttpAnswer
from tasktracker_ops.local.http_api.call import PREFIX, ApiCall
from tasktracker_ops.local.http_api.gateway import Gateway
from tasktracker_ops.local.lambda_runtime.launcher import Launcher
from tasktracker_ops.local.lambda_runtime.runtime import Runtime
from tasktracker_ops.local.state import ServerState

_LOOPBACK = re.compile(r"(127\.0\.0\.1|\[::1\]|([a-z0-9.-]+\.)?localhost)(:\d+)?", re.I)
_AWS = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(:\d+)?", re.I)
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


@dataclass(frozen=True)
class Embedded:
    """The composed application and the parts that need an end."""

    application: WSGIApplication
    runtime: Runtime
    gateway: Gateway

    def close(self) -> None:
        """Stop every worker."""
        self.runtime.close()


def compose(state: ServerState, directory: Path, *, idle_seconds: float = 300.0) -> Embedded:
    """Build the parts and join them; workers unused for `idle_seconds` are stopped."""
    runtime = Runtime(Launcher(directory / "code", state.url), idle_seconds=idle_seconds)
    gateway = Gateway(runtime)
    runtime.observers.add(publisher.publish_invocation)
    gateway.observers.add(publisher.publish_request)
    extensions.install(runtime)
    moto = DomainDispatcherApplication(create_backend_app)

    def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if (refusal := _refuse(environ, path)) is not None:
            return refusal(environ, start_response)
        if path.startswith(PREFIX):
            return _send(gateway.answer(ApiCall.from_environ(environ)), start_response)
        if path.startswith("/_tt-ops"):
            return _own(state, path)(environ, start_response)
        return moto(environ, start_response)  # type: ignore[no-any-return]

    return Embedded(application, runtime, gateway)


def _refuse(environ: dict[str, Any], path: str) -> Response | None:
    """Turn away what a web page could send: a rebound host name, or another site's origin.

    The control plane accepts code and runs it, so it must not be reachable from a browser.
    """
    host, origin = environ.get("HTTP_HOST", ""), environ.get("HTTP_ORIGIN")
    if not (_LOOPBACK.fullmatch(host) or _AWS.fullmatch(host)):
        return _refusal(f"Host {host!r} is not this machine")
    if path.startswith(PREFIX) or origin is None:
        return None
    if _LOOPBACK.fullmatch(urlsplit(origin).netloc):
        return None
    return _refusal(f"Origin {origin!r} is not this machine")


def _refusal(reason: str) -> Response:
    return Response(json.dumps({"message": reason}), 403, content_type="application/json")


def _own(state: ServerState, path: str) -> Response:
    if path == "/_tt-ops/health":
        return Response(json.dumps(_health(state)), content_type="application/json")
    if path in ("/_tt-ops", "/_tt-ops/"):
        page = Response(console.render(state), content_type="text/html; charset=utf-8")
        page.headers["Content-Security-Policy"] = _PAGE_POLICY
        return page
    return Response(json.dumps({"message": "Not Found"}), 404, content_type="application/json")


def _health(state: ServerState) -> dict[str, Any]:
    return {
        "service": "tt-ops embedded AWS",
        "emulation": True,
        "pid": state.pid,
        "id": state.id,
        "started_at": state.started_at.isoformat(),
        "version": __version__,
    }


def _send(answer: HttpAnswer, start_response: StartResponse) -> Iterable[bytes]:
    # A Response object would rewrite some of the headers that the function chose.
    reason = http.client.responses.get(answer.status, "Unknown")
    start_response(f"{answer.status} {reason}", list(answer.headers))
    return [answer.body]
