"""The emulator's HTTP server: a thread per connection, kept alive, answers in one write."""

from __future__ import annotations

import io
import logging
import re
import socket
import time
from collections.abc import Iterable
from email.utils import formatdate
from functools import lru_cache
from typing import Any
from urllib.parse import unquote
from wsgiref.headers import Headers
from wsgiref.types import WSGIApplication

from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

_log = logging.getLogger(__name__)
REQUEST_LIMIT_BYTES = 256 * 1024 * 1024
_FIELD_LIMIT_BYTES = 65536
_FIELDS_LIMIT = 100
_REQUEST_LINE = re.compile(rb"([A-Z]+) (/(?!/)[!-~]*) HTTP/1\.1\r?\n")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*\r?\n")
# Prefixes of the keys of an environ that belong to one request, not to the connection.
_REQUEST_KEYS = ("HTTP_", "CONTENT_", "wsgi.input")


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
    _connection_environ: dict[str, Any] | None = None

    def parse_request(self) -> bool:
        """Read the head of a request; answer an error and return False if it is not valid.

        The base class has a parser of mail read the fields, which takes as long as the whole of a
        short request; it still reads the requests of rare kinds.
        """
        line = _REQUEST_LINE.fullmatch(self.raw_requestline)
        if line is None:
            return super().parse_request()
        self.command, self.path = (part.decode("ascii") for part in line.groups())
        self.request_version = "HTTP/1.1"
        self.requestline = f"{self.command} {self.path} HTTP/1.1"
        try:
            self.headers = _read_fields(self.rfile)  # type: ignore[assignment]
        except _Unreadable as error:
            self.close_connection = True
            self.send_error(error.status)
            return False
        self.close_connection = self.headers.get("Connection", "").lower() == "close"
        if self.headers.get("Expect", "").lower() == "100-continue":
            return self.handle_expect_100()
        return True

    def make_environ(self) -> dict[str, Any]:
        """Return the environ of the base class, which takes a fifth of its time to make.

        What belongs to the connection is made once; requests of rare kinds are left to it.
        """
        fields = self.headers.items()
        if self._connection_environ is None or not _is_plain(self.path, fields):
            environ = super().make_environ()
            kept = [name for name in environ if not name.startswith(_REQUEST_KEYS)]
            self._connection_environ = {name: environ[name] for name in kept}
            return environ
        path, _, query = self.path.partition("?")
        environ = {
            **self._connection_environ,
            "wsgi.input": self.rfile,
            "REQUEST_METHOD": self.command,
            "PATH_INFO": unquote(path).encode().decode("latin-1") if "%" in path else path,
            "QUERY_STRING": query,
            "REQUEST_URI": self.path,
            "RAW_URI": self.path,
            "SERVER_PROTOCOL": self.request_version,
            PRESERVED_HEADER_NAMES_ENVIRON_KEY: {},
        }
        for name, value in fields:
            key = name.upper().replace("-", "_")
            if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                key = f"HTTP_{key}"
                if key in environ:
                    value = f"{environ[key]},{value}"
            environ[key] = value
        return environ

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
        """Log only requests that fail here: refusals, which clients show, may be many."""
        if str(code)[0] == "5":
            _log.info("%s %s", self._logged_request, code)

    @property
    def _logged_request(self) -> str:
        """Return the request line without its query, which may hold addresses and tokens."""
        return self.requestline.partition("?")[0].translate(self._control_char_table)

    def _read_body(self, environ: dict[str, Any]) -> bytes:
        if "HTTP_TRANSFER_ENCODING" in environ:
            return _read_chunks(environ)
        declared, *others = self.headers.get_all("Content-Length") or ["0"]
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


def _is_plain(path: str, fields: Iterable[tuple[str, str]]) -> bool:
    return (
        "#" not in path
        and path.startswith("/")
        and not any("_" in name or name.lower() == "transfer-encoding" for name, _ in fields)
    )


def _read_fields(stream: io.BufferedIOBase) -> Headers:
    """Read header fields up to the empty line. Raises _Unreadable."""
    fields: list[tuple[str, str]] = []
    while (line := stream.readline(_FIELD_LIMIT_BYTES)) not in (b"\r\n", b"\n"):
        if len(line) == _FIELD_LIMIT_BYTES or len(fields) == _FIELDS_LIMIT:
            raise _Unreadable(431)
        match = _FIELD.fullmatch(line)
        if match is None:
            raise _Unreadable(400)
        fields.append((match[1].decode("ascii"), match[2].decode("latin-1")))
    return Headers(fields)


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
