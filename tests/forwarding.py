"""A handler that passes requests on to an emulator, and what it knows of AWS's REST protocols."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterable
from functools import cache
from http.server import BaseHTTPRequestHandler
from typing import Any

import botocore.session

_OF_ONE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length"}
# As botocore names the services that requests are signed for.
_REST_SERVICES = {"lambda": "lambda", "apigateway": "apigatewayv2"}

Answer = tuple[int, Iterable[tuple[str, str]], bytes]


class ForwardingHandler(BaseHTTPRequestHandler):
    """Reads a request, passes it on to `upstream` (host and port), and sends an answer."""

    upstream: tuple[str, int]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536  # headers and body in one write

    def read_body(self) -> bytes:
        """Return the body of the request."""
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def forward(self, body: bytes) -> Answer:
        """Return the answer of the emulator."""
        connection = http.client.HTTPConnection(*self.upstream, timeout=60)
        try:
            connection.putrequest(
                self.command, self.path, skip_host=True, skip_accept_encoding=True
            )
            for header, value in self.headers.items():
                if header.lower() not in {*_OF_ONE_CONNECTION, "expect"}:
                    connection.putheader(header, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def send_answer(self, status: int, headers: Iterable[tuple[str, str]], content: bytes) -> None:
        """Send an answer."""
        headers = list(headers)
        self.send_response_only(status)
        for header, value in headers:
            if header.lower() not in _OF_ONE_CONNECTION:
                self.send_header(header, value)
        is_head = self.command == "HEAD"
        if status != 204:
            length = dict(headers).get("Content-Length", "0") if is_head else str(len(content))
            self.send_header("Content-Length", length)
        self.end_headers()
        if not is_head:
            self.wfile.write(content)

    def handle_expect_100(self) -> bool:
        """Ask for the body at once, past the buffer."""
        accepted = super().handle_expect_100()
        self.wfile.flush()
        return accepted

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


def rest_operation(service: str, method: str, path: str) -> tuple[str, str] | None:
    """Return the operation of a request, and its FunctionName or ""; None for another protocol."""
    for verb, pattern, operation in _rest_operations(service):
        if verb == method and (found := pattern.fullmatch(path)):
            return operation, found.groupdict().get("FunctionName") or ""
    return None


@cache
def _rest_operations(service: str) -> tuple[tuple[str, re.Pattern[str], str], ...]:
    if service not in _REST_SERVICES:
        return ()
    loader = botocore.session.get_session().get_component("data_loader")
    model = loader.load_service_model(_REST_SERVICES[service], "service-2")
    return tuple(
        (operation["http"]["method"], _pattern(operation["http"]["requestUri"]), name)
        for name, operation in model["operations"].items()
    )


def _pattern(uri: str) -> re.Pattern[str]:
    path = uri.partition("?")[0].rstrip("/")
    path = path.replace("{FunctionName}", "(?P<FunctionName>[^/]+)")
    return re.compile(re.sub(r"\{[^}]*\}", "[^/]+", path) + "/?")
