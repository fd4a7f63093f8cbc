"""The emulator: its WSGI application, composed of its parts."""

from __future__ import annotations

import http.client
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from wsgiref.types import StartResponse, WSGIApplication

from werkzeug.wrappers import Response

from tasktracker_ops.emulator.cloudwatch.alarms import AlarmEvaluator, EvaluationSchedule
from tasktracker_ops.emulator.gateway import operations as http_api
from tasktracker_ops.emulator.gateway.answer import HttpAnswer
from tasktracker_ops.emulator.gateway.call import PREFIX, ApiCall
from tasktracker_ops.emulator.gateway.gateway import Gateway
from tasktracker_ops.emulator.lambda_runtime import functions
from tasktracker_ops.emulator.lambda_runtime.launcher import Launcher
from tasktracker_ops.emulator.lambda_runtime.runtime import Runtime
from tasktracker_ops.emulator.mail.mailbox import Mailbox
from tasktracker_ops.local.state import ServerState

from . import api_docs, changes, control_plane, patches, status_page
from .cloudwatch import publisher
from .loopback import is_loopback
from .mail import pages
from .persistence import CAN_FORK, Persistence
from .pickling import used_backends
from .stores import list_stores

_AWS = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(:\d+)?", re.I)
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


@dataclass(frozen=True)
class Emulator:
    """The composed application and its parts."""

    application: WSGIApplication
    runtime: Runtime
    gateway: Gateway
    alarms: AlarmEvaluator
    mailbox: Mailbox
    persistence: Persistence | None

    def close(self) -> None:
        """Stop every worker, and the evaluation of alarms; keep what persists."""
        self.alarms.close()
        self.runtime.close()
        if self.persistence is not None:
            self.persistence.close()


def compose(
    state: ServerState,
    directory: Path,
    *,
    persists: bool = False,
    environments: int = 10,
    idle_seconds: float = 300.0,
    schedule: EvaluationSchedule | None = None,
) -> Emulator:
    """Build the parts and connect them.

    One that `persists` begins with the snapshot in `directory`. `environments` and `idle_seconds`
    are Runtime's; `schedule` is that of the evaluation of alarms, if not every five seconds.
    """
    mailbox = Mailbox()
    alarms = AlarmEvaluator(schedule or EvaluationSchedule())
    runtime = Runtime(
        Launcher(directory / "code", state.url),
        publisher.publish_invocation,
        environments=environments,
        idle_seconds=idle_seconds,
    )
    gateway = Gateway(runtime, publisher.publish_request)
    patches.install(runtime=runtime, mailbox=mailbox, alarms=alarms, url=state.url)
    moto = control_plane.create_application()
    persistence = None
    if persists:
        stores, since = list_stores(mailbox, alarms), state.started_at
        persistence = Persistence(directory, stores, started_at=since, forks=CAN_FORK)
        http_api.move_apis(state.url)
        persistence.start()

    def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if (refusal := _refuse(environ, path)) is not None:
            return refusal(environ, start_response)
        # moto's own operations erase everything, and replay requests to any address.
        if path.startswith("/moto-api"):
            return _NOT_FOUND(environ, start_response)
        if path.startswith(PREFIX):
            return _send(gateway.answer(ApiCall.from_environ(environ)), start_response)
        if path == "/_tt-ops/health":
            return _json(_health(state, persistence))(environ, start_response)
        if path.startswith("/_tt-ops") or api_docs.is_requested(environ):
            with changes.access(is_change=path in pages.CHANGING):
                return _serve_own(state, mailbox, environ)(environ, start_response)
        if changes.is_invocation(environ):
            return moto(environ, start_response)
        with changes.access(is_change=changes.is_change(environ)):
            return moto(environ, start_response)

    return Emulator(application, runtime, gateway, alarms, mailbox, persistence)


def _refuse(environ: dict[str, Any], path: str) -> Response | None:
    """Refuse what a web page could send: a rebound host name, or another site's origin.

    The control plane accepts code and runs it, so it must not be reachable from a browser.
    """
    host, origin = environ.get("HTTP_HOST", ""), environ.get("HTTP_ORIGIN")
    if not (is_loopback(host) or _AWS.fullmatch(host)):
        return _refusal(f"Host {host!r} is not this machine")
    if path.startswith(PREFIX) or origin is None:
        return None
    if is_loopback(urlsplit(origin).netloc):
        return None
    return _refusal(f"Origin {origin!r} is not this machine")


def _refusal(reason: str) -> Response:
    return _json({"message": reason}, 403)


def _json(content: Any, status: int = 200) -> Response:
    return Response(json.dumps(content), status, content_type="application/json")


_NOT_FOUND = _json({"message": "Not Found"}, 404)


def _serve_own(state: ServerState, mailbox: Mailbox, environ: dict[str, Any]) -> Response:
    response = _page(state, mailbox, environ)
    if response is None:
        return _NOT_FOUND
    if response.mimetype == "text/html":
        response.headers["Content-Security-Policy"] = _PAGE_POLICY
    return response


def _page(state: ServerState, mailbox: Mailbox, environ: dict[str, Any]) -> Response | None:
    path = environ["PATH_INFO"].removeprefix("/_tt-ops")
    if path == "/contents":
        return _json(_count_contents(mailbox))
    query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
    if api_docs.is_requested(environ):
        return api_docs.answer(state.url, query.get("api"))
    if path in ("", "/"):
        content = status_page.render(state, mailbox)
        return Response(content, content_type="text/html; charset=utf-8")
    if environ["PATH_INFO"].startswith(functions.CODE):
        code = functions.code_at(environ["PATH_INFO"])
        return None if code is None else Response(code, content_type="application/zip")
    # A program that checks whether a link is alive sends HEAD, which must confirm nothing.
    if environ["REQUEST_METHOD"] != "GET":
        return None
    return pages.answer(mailbox, path, query)


def _count_contents(mailbox: Mailbox) -> dict[str, int]:
    """Count what would be lost with the emulator; no kind is left out."""
    by_service: dict[str, list[Any]] = defaultdict(list)
    for (service, _, _), backend in used_backends():
        by_service[service].append(backend)
    tables = [table for each in by_service["dynamodb"] for table in list(each.tables.values())]
    return {
        "functions": sum(len(list(each._lambdas._functions)) for each in by_service["lambda"]),
        "APIs": sum(len(each.apis) for each in by_service["apigatewayv2"]),
        "tables": len(tables),
        "items": sum(map(len, tables)),
        "buckets": sum(len(each.buckets) for each in by_service["s3"]),
        "alarms": sum(len(each.alarms) for each in by_service["cloudwatch"]),
        "messages": len(mailbox.mails()),
    }


def _health(state: ServerState, persistence: Persistence | None) -> dict[str, Any]:
    since = persistence.exists_since if persistence else state.started_at
    return {
        "service": "tt-ops emulator",
        "emulation": True,
        "pid": state.pid,
        "id": state.id,
        "started_at": state.started_at.isoformat(),
        "version": state.version,
        "exists_since": since.isoformat(timespec="seconds"),
        "persistence": persistence and persistence.describe(),
    }


def _send(answer: HttpAnswer, start_response: StartResponse) -> Iterable[bytes]:
    # A Response object would rewrite some of the function's headers.
    reason = http.client.responses.get(answer.status, "Unknown")
    start_response(f"{answer.status} {reason}", list(answer.headers))
    return [answer.body]
