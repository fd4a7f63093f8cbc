"""Load on one HTTP server: requests over kept connections, and the memory of the server."""

from __future__ import annotations

import os
import selectors
import socket
from collections.abc import Mapping
from pathlib import Path

_STALL_SECONDS = 30.0


def request(
    host: str, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> bytes:
    """Return an HTTP request as it goes over the wire."""
    fields = {"Host": host, "Content-Length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


class _Connection:
    """One kept connection with at most one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = bytearray()

    def receive(self) -> tuple[int, bytes] | None:
        """Return status and body once all of them is there."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise SystemExit(f"the server closed the connection after {bytes(self._received)!r}")
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator:
            return None
        lines = head.lower().split(b"\r\n")
        lengths = [int(line[15:]) for line in lines if line.startswith(b"content-length:")]
        if not lengths:
            raise SystemExit(f"an answer without a length: {bytes(head)!r}")
        if len(body) < lengths[0]:
            return None
        self._received.clear()
        return int(lines[0].split()[1]), bytes(body)


def exchange(port: int, sent: bytes) -> tuple[int, bytes]:
    """Send one request over a connection of its own and return status and body."""
    connection = _Connection(port)
    with connection.socket:
        connection.socket.sendall(sent)
        while (answer := connection.receive()) is None:
            pass
    return answer


def send(port: int, sent: bytes, expected: int, *, connections: int, count: int) -> None:
    """Send a request `count` times over some connections at once; exit on another status."""
    started = answered = 0
    with selectors.DefaultSelector() as selector:
        for _ in range(min(connections, count)):
            connection = _Connection(port)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.socket.sendall(sent)
            started += 1
        while answered < count:
            ready = selector.select(_STALL_SECONDS)
            if not ready:
                raise SystemExit(f"no answer for {_STALL_SECONDS} seconds")
            for key, _ in ready:
                answer = key.data.receive()
                if answer is None:
                    continue
                answered += 1
                if answer[0] != expected:
                    raise SystemExit(f"got {answer[0]} for {sent!r}")
                if started < count:
                    key.data.socket.sendall(sent)
                    started += 1
        for key in list(selector.get_map().values()):
            key.data.socket.close()


def resident_mb(pid: int) -> float:
    """Return the memory of a process without its workers, in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2
