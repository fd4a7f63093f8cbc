"""The server reads each request to its end, or refuses it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tasktracker_ops.emulator.http_server import serve_on


def test_chunked_body_arrives_whole(api: Any) -> None:
    """A body sent in chunks is the same body."""
    headers = {"Content-Type": "text/plain"}
    event = api.call("/", "POST", data=iter([b"one", b"two"]), headers=headers).json()
    assert event["body"] == "onetwo"


@pytest.mark.parametrize(
    ("fields", "body", "status"),
    [
        (b"Transfer-Encoding: chunked\r\n", b"zz\r\n", b"400"),
        (b"Transfer-Encoding: chunked\r\n", b"5\r\nab", b"400"),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", b"0\r\n\r\n", b"400"),
        (b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n", b"501"),
        (b"Content-Length: 1\r\nContent-Length: 2\r\n", b"ab", b"400"),
        (b"Content-Length: 9\r\n", b"short", b"400"),
        (b"Content-Length: -1\r\n", b"", b"400"),
        (b"Content-Length: x\r\n", b"", b"400"),
        (b"Content-Length: 1e9\r\n", b"", b"400"),
        (b"Broken\r\n", b"", b"400"),
        (b"Two Words: x\r\n", b"", b"400"),
        (b"A: 1\r\n continued\r\n", b"", b"400"),
        (b"A: " + b"x" * 65_536 + b"\r\n", b"", b"431"),
        (b"A: 1\r\n" * 101, b"", b"431"),
    ],
)
def test_requests_that_two_readers_could_read_differently_are_refused(
    aws: Any, fields: bytes, body: bytes, status: bytes
) -> None:
    """Damaged or endless fields, and bodies without one clear end, get one answer."""
    request = b"POST /_tt-ops/health HTTP/1.1\r\nHost: localhost\r\n" + fields + b"\r\n" + body
    with socket.create_connection(("127.0.0.1", aws.server.port), timeout=10) as client:
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert answer.count(b"HTTP/1.1") == 1


def test_expect_100_continue_is_answered_before_the_body(aws: Any) -> None:
    """boto3 waits for the interim answer."""
    with socket.create_connection(("127.0.0.1", aws.server.port), timeout=5) as connection:
        head = b"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
        connection.sendall(head + b"Expect: 100-continue\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"x")
        assert connection.recv(100).startswith(b"HTTP/1.1 ")


@contextmanager
def _serve(application: Any) -> Iterator[tuple[str, int]]:
    """Serve an application, and yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = serve_on(listener, application)
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield listener.getsockname()
        server.shutdown()


@pytest.mark.parametrize(
    ("status", "logged"), [("400 Bad Request", []), ("500 Oops", ["POST /mail 500"])]
)
def test_requests_that_fail_here_are_logged(
    caplog: pytest.LogCaptureFixture, status: str, logged: list[str]
) -> None:
    """Without their query, which may hold addresses and tokens."""

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response(status, [])
        return []

    caplog.set_level("INFO", "tasktracker_ops")
    with _serve(application) as address, socket.create_connection(address, timeout=10) as client:
        client.sendall(b"POST /mail?to=me HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 " + status.encode())
    assert caplog.messages == logged


@pytest.mark.parametrize(
    "head",
    [
        b"GET /a%20b/%C3%A9?x=%2F&y HTTP/1.1\r\nA: 1\r\na:2 \r\nX-Empty:\r\nContent-Type: t/x",
        b"POST /?a=b?c HTTP/1.1\r\nContent-Length: 0\r\nx-amz-meta-a_b: c\r\nLatin: \xe9",
        b"PUT //a/../b HTTP/1.1\r\nConnection: keep-alive",
    ],
)
def test_an_environ_is_as_werkzeugs(head: bytes) -> None:
    """The first request of a connection has the environ that werkzeug makes, the others ours."""
    seen: list[dict[str, Any]] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append({key: each for key, each in environ.items() if key != "wsgi.input"})
        start_response("204 No Content", [])
        return []

    with _serve(application) as address, socket.create_connection(address, timeout=10) as client:
        for _ in range(2):
            client.sendall(head + b"\r\nHost: localhost\r\n\r\n")
            assert client.recv(1000).startswith(b"HTTP/1.1 204")
    assert seen[0] == seen[1]
