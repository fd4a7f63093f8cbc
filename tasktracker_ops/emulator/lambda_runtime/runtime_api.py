"""The Lambda Runtime API for one worker, read by the thread that drives the worker.

Paths and answers: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import http.client
import selectors
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

_STALL_SECONDS = 5.0
_REASONS = {200: "OK", 202: "Accepted", 403: "Forbidden", 404: "Not Found"}


@dataclass(frozen=True)
class WorkerRequest:
    """One request of the runtime client; `connection` is where the answer goes."""

    method: str
    path: str
    headers: http.client.HTTPMessage
    body: bytes
    connection: socket.socket


class RuntimeApi:
    """A listener on loopback whose sockets live in the caller's selector.

    No thread of its own: nothing is read while nobody selects, which freezes an idle worker much
    as Lambda does.
    """

    def __init__(
        self, selector: selectors.BaseSelector, on_request: Callable[[WorkerRequest], None]
    ) -> None:
        self._selector = selector
        self._on_request = on_request
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: set[socket.socket] = set()
        selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def answer(
        self,
        connection: socket.socket,
        status: int,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Send head and body in one write (two cost a delayed acknowledgement).

        Raises OSError when the worker is gone.
        """
        fields = {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **(headers or {}),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        connection.sendall(f"HTTP/1.1 {status} {_REASONS[status]}\r\n{head}\r\n".encode() + body)

    def close(self) -> None:
        """Close the listener and every connection."""
        for connection in list(self._connections):
            self._drop(connection)
        self._selector.unregister(self._listener)
        self._listener.close()

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.settimeout(_STALL_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connections.add(connection)
        self._selector.register(connection, selectors.EVENT_READ, partial(self._read, connection))

    def _read(self, connection: socket.socket) -> None:
        # The client sends one request and waits, so no buffered byte is lost with the file.
        with connection.makefile("rb") as stream:
            try:
                method, path, _ = stream.readline(65536).decode("ascii").split()
                headers = http.client.parse_headers(stream)
                body = stream.read(int(headers.get("Content-Length", "0")))
            except (OSError, ValueError, http.client.HTTPException):
                self._drop(connection)
                return
        if headers.get("Host") != self.address:
            self._drop(connection)
            return
        self._on_request(WorkerRequest(method, path, headers, body, connection))

    def _drop(self, connection: socket.socket) -> None:
        self._connections.discard(connection)
        self._selector.unregister(connection)
        connection.close()
