"""The console over HTTP: its page, server-sent events, and actions, for those with its token.

The token is in the fragment of the address, which browsers send neither to a server nor in a
Referer; the page sends it in a header. So no other page can use it, and cookies, which all ports of
a host share, are not needed.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from contextlib import closing
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tasktracker_ops.errors import Problem, TtOpsError

if TYPE_CHECKING:
    from tasktracker_ops.models.overview import Part
    from tasktracker_ops.workflows.console import Console

_ADDRESS = "127.0.0.1"
# Any port: the console may be reached through a tunnel of ssh.
_HOSTS = {"127.0.0.1", "localhost"}
_LONGEST_BODY = 65_536
_FILES = {
    "/": ("page.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/elements.js": ("elements.js", "text/javascript"),
    "/charts.css": ("charts.css", "text/css"),
    "/charts.js": ("charts.js", "text/javascript"),
    "/uplot.css": ("uplot/uplot.css", "text/css"),
    "/uplot.js": ("uplot/uplot.js", "text/javascript"),
}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_START = "start it, and open the address that it prints: tt-ops console"


class ConsoleServer(ThreadingHTTPServer):
    """Serves one console on this machine; `url` is its address, with the token."""

    daemon_threads = True

    def __init__(self, port: int, console: Console, as_json: Callable[[Any], str]) -> None:
        """Listen on a port, any free one for 0; `as_json` returns results as the commands do.

        Raises TtOpsError `port-taken`.
        """
        try:
            super().__init__((_ADDRESS, port), _Handler)
        except OSError as error:
            raise TtOpsError(
                "port-taken",
                f"port {port} of {_ADDRESS} cannot be used: {error.strerror}",
                hint="let it take a free one: tt-ops console",
            ) from None
        self.console = console
        self.as_json = as_json
        self.token = secrets.token_urlsafe(32)
        folder = files("tasktracker_ops.console")
        self.files = {
            path: (folder.joinpath(name).read_bytes(), f"{kind}; charset=utf-8")
            for path, (name, kind) in _FILES.items()
        }

    @property
    def url(self) -> str:
        """Return the address of the page."""
        return f"http://{_ADDRESS}:{self.server_port}/#{self.token}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: a browser that closes a connection is no error."""


class _Refused(Exception):
    """A request that is not answered, and why."""

    def __init__(self, status: HTTPStatus, code: str, message: str, hint: str = _START) -> None:
        super().__init__(message)
        self.status = status
        self.problem = Problem(code, message, hint)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "tt-ops"
    sys_version = ""
    timeout = 60
    server: ConsoleServer

    def do_GET(self) -> None:
        """Send a file of the page, or the stream of events."""
        self._answer(self._get)

    def do_POST(self) -> None:
        """Run an action, and send its result."""
        self._answer(self._post)

    def log_message(self, *words: Any) -> None:
        """Print nothing."""

    def _answer(self, run: Callable[[str], None]) -> None:
        try:
            self._require_same_origin()
            run(urlsplit(self.path).path)
        except _Refused as refused:
            # Its body was not read.
            self.close_connection = True
            self._send_problem(refused.status, refused.problem)

    def _require_same_origin(self) -> None:
        """Refuse what another site's page could send, by a name that leads here or by its own."""
        host, origin = self.headers.get("Host", ""), self.headers.get("Origin")
        if host.rpartition(":")[0] not in _HOSTS:
            message = f"the host {host!r} is not this machine"
            raise _Refused(HTTPStatus.MISDIRECTED_REQUEST, "host-refused", message)
        if origin not in (None, f"http://{host}"):
            message = f"the origin {origin!r} is not the console"
            raise _Refused(HTTPStatus.FORBIDDEN, "origin-refused", message)

    def _require_token(self) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(token.encode(), self.server.token.encode()):
            message = "the console's token is missing, or is that of an earlier one"
            raise _Refused(HTTPStatus.UNAUTHORIZED, "token-invalid", message)

    def _get(self, path: str) -> None:
        if path == "/events":
            self._require_token()
            self._stream()
        elif path in self.server.files:
            content, kind = self.server.files[path]
            self._send(HTTPStatus.OK, content, kind)
        else:
            raise _Refused(HTTPStatus.NOT_FOUND, "page-unknown", f"there is no page {path!r}")

    def _post(self, path: str) -> None:
        self._require_token()
        prefix, _, action = path.rpartition("/")
        if prefix != "/actions":
            raise _Refused(HTTPStatus.NOT_FOUND, "page-unknown", f"there is no page {path!r}")
        arguments = self._arguments()
        console = self.server.console
        try:
            result = console.perform(action, arguments)
        except Exception as error:  # the boundary: the page shows it
            failed = isinstance(error, TtOpsError)
            status = HTTPStatus.CONFLICT if failed else HTTPStatus.INTERNAL_SERVER_ERROR
            self._send_problem(status, console.problem(error))
        else:
            self._send_json(HTTPStatus.OK, self.server.as_json(result))

    def _arguments(self) -> Mapping[str, str]:
        """Return the object of texts in the body."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _LONGEST_BODY:
            raise _refused_body(f"up to {_LONGEST_BODY:,} bytes with their Content-Length")
        try:
            content = json.loads(self.rfile.read(int(length)))
        except ValueError:
            content = None
        if not isinstance(content, dict) or not all(isinstance(v, str) for v in content.values()):
            raise _refused_body("an object whose values are texts")
        return content

    def _stream(self) -> None:
        """Send each part when it was read; its content only where that has changed."""
        self.close_connection = True
        self._send_head(HTTPStatus.OK, "text/event-stream")
        sent: dict[str, str] = {}
        with closing(self.server.console.view()) as parts:
            for part in parts:
                event = ": still here" if part is None else f"data: {self._event(part, sent)}"
                self.wfile.write(f"{event}\n\n".encode())

    def _event(self, part: Part, sent: dict[str, str]) -> str:
        """Return a part as JSON; what it had as its content when it was sent last is left out."""
        as_json = self.server.as_json
        members = {name: as_json(getattr(part, name)) for name in ("name", "at", "problem")}
        content = as_json(part.content)
        if sent.get(part.name) != content:
            sent[part.name] = members["content"] = content
        return "{" + ", ".join(f'"{name}": {value}' for name, value in members.items()) + "}"

    def _send_problem(self, status: HTTPStatus, problem: Problem) -> None:
        self._send_json(status, f'{{"error": {self.server.as_json(problem)}}}')

    def _send_json(self, status: HTTPStatus, content: str) -> None:
        self._send(status, content.encode(), "application/json")

    def _send(self, status: HTTPStatus, content: bytes, kind: str) -> None:
        self._send_head(status, kind, **{"Content-Length": str(len(content))})
        self.wfile.write(content)

    def _send_head(self, status: HTTPStatus, kind: str, **more: str) -> None:
        self.send_response(status)
        connection = {"Connection": "close"} if self.close_connection else {}
        for name, value in {**_HEADERS, "Content-Type": kind, **connection, **more}.items():
            self.send_header(name, value)
        self.end_headers()


def _refused_body(expected: str) -> _Refused:
    return _Refused(HTTPStatus.BAD_REQUEST, "body-invalid", f"a body has to be {expected}")
