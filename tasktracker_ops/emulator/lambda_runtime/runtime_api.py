"""The Lambda Runtime API for one worker, read by the thread that drives the worker.

It is HTTP, although a pair of sockets would be a little faster: so all of AWS's runtime client runs
unchanged, its native module included.

Paths and answers: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import re
import select
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_STALL_SECONDS = 5
_RECEIVED_AT_ONCE = 1 << 18
_REASONS = {200: "OK", 202: "Accepted", 404: "Not Found"}
# All that is needed of HTTP: the one client is awslambdaric, which sends no other encoding.
_HEAD = re.compile(rb"[A-Z]+ (?P<path>\S+) HTTP/1\.1\r\n(?P<fields>.*?\r\n)\r\n", re.S)
_LENGTH = re.compile(rb"(?:^|\n)content-length: *(\d+)\r\n", re.I)
_HOST = re.compile(rb"(?:^|\n)host: *(\S+)\r\n", re.I)


@dataclass(eq=False, slots=True)
class Connection:
    """A connection of the runtime client, and what has arrived of its next request."""

    socket: socket.socket
    received: bytearray = field(default_factory=bytearray)


@dataclass(frozen=True, slots=True)
class WorkerRequest:
    """One request of the runtime client; `connection` is where the answer goes."""

    path: str
    body: bytes
    connection: Connection


class RuntimeApi:
    """A listener on loopback and its connections.

    No thread of its own: nothing is read while nobody waits for requests, which freezes an idle
    worker much as Lambda does.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._connections: dict[int, Connection] = {}
        self._readable = select.poll()
        self._readable.register(self._listener, select.POLLIN)

    def requests(self, timeout: float) -> Sequence[WorkerRequest]:
        """Return the requests that have arrived; wait `timeout` seconds for the first one."""
        found = []
        for descriptor, _ in self._readable.poll(timeout * 1000):
            connection = self._connections.get(descriptor)
            if connection is None:
                self._accept()
            elif (request := self._receive(connection)) is not None:
                found.append(request)
        return found

    def answer(
        self,
        connection: Connection,
        status: int,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Send head and body in one write (two cost a delayed acknowledgement).

        Raises OSError when the worker is gone, or reads nothing for seconds.
        """
        head = [f"HTTP/1.1 {status} {_REASONS[status]}", "Content-Type: application/json"]
        head += [f"{name}: {value}" for name, value in (headers or {}).items()]
        head.append(f"Content-Length: {len(body)}\r\n\r\n")
        connection.socket.sendall("\r\n".join(head).encode() + body)

    def close(self) -> None:
        """Close the listener and every connection."""
        for connection in self._connections.values():
            connection.socket.close()
        self._listener.close()

    def _accept(self) -> None:
        accepted, _ = self._listener.accept()
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stall = struct.pack("ll", _STALL_SECONDS, 0)
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, stall)
        self._connections[accepted.fileno()] = Connection(accepted)
        self._readable.register(accepted, select.POLLIN)

    def _receive(self, connection: Connection) -> WorkerRequest | None:
        """Return the request that has arrived; None if it is not complete yet, or not for us."""
        received = connection.received
        try:
            data = connection.socket.recv(_RECEIVED_AT_ONCE)
        except OSError:
            data = b""
        received += data
        if not data or (head := _HEAD.match(received)) is None:
            if not data or len(received) > _RECEIVED_AT_ONCE:
                self._drop(connection)
            return None
        length = _LENGTH.search(head["fields"])
        end = head.end() + (int(length[1]) if length else 0)
        if len(received) < end:
            return None
        host = _HOST.search(head["fields"])
        if host is None or host[1].decode("latin-1") != self.address:
            self._drop(connection)
            return None
        request = WorkerRequest(
            head["path"].decode("latin-1"), bytes(received[head.end() : end]), connection
        )
        # The client waits for the answer before its next request.
        received.clear()
        return request

    def _drop(self, connection: Connection) -> None:
        self._readable.unregister(connection.socket)
        del self._connections[connection.socket.fileno()]
        connection.socket.close()
