"""The emulator's HTTP server: a thread per connection, kept alive, answers in one write."""

from __future__ import annotations

import io
import logging
import socket
import time
from collections.abc import Iterable
from email.utils import formatdate
from functools import lru_cache
from typing import Any
from wsgiref.types import WSGIApplication

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

_log = logging.getLogger(__name__)
REQUEST_LIMIT_BYTES = 256 * 1024 * 1024


class _Unreadable(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class RequestHandler(MotoRequestHandler):
    """Reads each body first, so that the connection can be kept.

    Werkzeug's handler closes every connection and takes 10 ms to look for unread bodies.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536
    timeout = 75

    def run_wsgi(self) -> None:
        """Run the application on one request."""
        environ = self.make_environ()
        try:
            body = self._read_body(environ)
        except _Unreadable as error:
            self.close_connection = True
            self.send_error(error.status)
            return
        environ.update({"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})
        try:
            status, headers, content = _run(self.server.app, environ)
        except Exception:
            _log.exception("%s", self._logged_request)
            status, headers, content = "500 Internal Server Error", [], b""
        self._send(status, headers, content)

    def handle_expect_100(self) -> bool:
        """Request the body at once; boto3 would wait a second for the line in our buffer."""
        accepted = super().handle_expect_100()
        self.wfile.flush()
        return accepted

    def version_string(self) -> str:
        """Return the Server header."""
        return "tt-ops emulator"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log only requests that failed, to spare the disk."""
        if str(code)[0] in "45":
            _log.info("%s %s", self._logged_request, code)

    @property
    def _logged_request(self) -> str:
        """Return the request line without its query, which may hold addresses and tokens."""
        return self.requestline.partition("?")[0].translate(self._control_char_table)

    def _read_body(self, environ: dict[str, Any]) -> bytes:
        if "HTTP_TRANSFER_ENCODING" in environ:
            return _read_chunks(environ)
        declared, *others = self.headers.get_all("Content-Length", ["0"])
        if others or not declared.strip().isdecimal():
            raise _Unreadable(400)
        length = int(declared)
        if length > REQUEST_LIMIT_BYTES:
            raise _Unreadable(413)
        body = bytes(environ["wsgi.input"].read(length))
        if len(body) < length:
            raise _Unreadable(400)
        return body

    def _send(self, status: str, headers: list[tuple[str, str]], content: bytes) -> None:
        code, _, reason = status.partition(" ")
        self.log_request(code)
        for name, value in headers:
            if name.lower() == "connection" and value.lower() == "close":
                self.close_connection = True
        has_content = code not in ("204", "304")
        fields = [("Server", self.version_string()), ("Date", _date(int(time.time()))), *headers]
        if has_content and all(name.lower() != "content-length" for name, _ in headers):
            fields.append(("Content-Length", str(len(content))))
        if self.close_connection:
            fields.append(("Connection", "close"))
        head = "".join([f"{name}: {value}\r\n" for name, value in fields])
        # In one piece, past the buffer of the base class and its checks for older protocols.
        answer = f"{self.protocol_version} {code} {reason}\r\n{head}\r\n".encode("latin-1")
        self.wfile.write(answer + (content if has_content and self.command != "HEAD" else b""))
        self.wfile.flush()


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


def serve_on(listener: socket.socket, application: WSGIApplication) -> BaseWSGIServer:
    """Return a threaded server on a listening socket; `serve_forever` and `shutdown` drive it."""
    host, port = listener.getsockname()[:2]
    server = make_server(
        host,
        port,
        application,
        threaded=True,
        request_handler=RequestHandler,
        fd=listener.fileno(),
    )
    server.daemon_threads = True  # type: ignore[attr-defined]
    return server


def _read_chunks(environ: dict[str, Any]) -> bytes:
    """Read a chunked body; refuse any other encoding, so that no two readers can differ.

    Source: https://www.rfc-editor.org/rfc/rfc9112#section-6.1
    """
    if environ["HTTP_TRANSFER_ENCODING"].strip().lower() != "chunked":
        raise _Unreadable(501)
    if "CONTENT_LENGTH" in environ:
        raise _Unreadable(400)
    body = bytearray()
    try:
        while chunk := environ["wsgi.input"].read(65536):
            body += chunk
            if len(body) > REQUEST_LIMIT_BYTES:
                raise _Unreadable(413)
    except TimeoutError:
        raise
    except OSError as error:
        raise _Unreadable(400) from error
    return bytes(body)


def _run(
    application: WSGIApplication, environ: dict[str, Any]
) -> tuple[str, list[tuple[str, str]], bytes]:
    started: list[Any] = []
    written: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        started[:] = [status, headers]
        return written.append

    answer: Iterable[bytes] = application(environ, start_response)
    try:
        content = b"".join(answer)
    finally:
        close = getattr(answer, "close", None)
        if close is not None:
            close()
    return started[0], started[1], b"".join(written) + content
