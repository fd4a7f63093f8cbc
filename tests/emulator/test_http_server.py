"""The server reads each request to its end, or refuses it."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from tasktracker_ops.emulator.http_server import serve_on


def test_chunked_body_arrives_whole(api: Any) -> None:
    """A body sent in chunks is the same body."""
    headers = {"Content-Type": "text/plain"}
    event = api.call("/", "POST", data=iter([b"one", b"two"]), headers=headers).json()
    assert event["body"] == "onetwo"


@pytest.mark.parametrize(
    ("head", "body", "status"),
    [
        (b"Transfer-Encoding: chunked", b"zz\r\n", b"400"),
        (b"Transfer-Encoding: chunked", b"5\r\nab", b"400"),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 3", b"0\r\n\r\n", b"400"),
        (b"Transfer-Encoding: gzip, chunked", b"0\r\n\r\n", b"501"),
        (b"Content-Length: 1\r\nContent-Length: 2", b"ab", b"400"),
        (b"Content-Length: 9", b"short", b"400"),
    ],
)
def test_bodies_without_one_clear_end_are_refused(
    aws: Any, head: bytes, body: bytes, status: bytes
) -> None:
    """A body whose end is damaged or stated twice gets one answer, and the connection ends."""
    request = b"POST /_tt-ops/health HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n\r\n" + body
    with socket.create_connection(("127.0.0.1", aws.server.port), timeout=10) as client:
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert answer.count(b"HTTP/1.1") == 1


def test_an_invalid_content_length_is_refused(aws: Any) -> None:
    """The answer is a 400 at once."""
    for length in (b"-1", b"x", b"1e9"):
        with socket.create_connection(("127.0.0.1", aws.server.port), timeout=5) as connection:
            head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + length
            connection.sendall(head + b"\r\n\r\n")
            assert b" 400 " in connection.recv(100)


def test_expect_100_continue_is_answered_before_the_body(aws: Any) -> None:
    """boto3 waits for the interim answer."""
    with socket.create_connection(("127.0.0.1", aws.server.port), timeout=5) as connection:
        head = b"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
        connection.sendall(head + b"Expect: 100-continue\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"x")
        assert connection.recv(100).startswith(b"HTTP/1.1 ")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (b"Broken\r\n", b"400"),
        (b"Two Words: x\r\n", b"400"),
        (b"A: 1\r\n continued\r\n", b"400"),
        (b"A: " + b"x" * 70_000 + b"\r\n", b"431"),
        (b"A: 1\r\n" * 101, b"431"),
    ],
)
def test_heads_that_are_not_valid_are_refused(aws: Any, fields: bytes, status: bytes) -> None:
    """Fields that two readers could read differently, or too many of them, get one answer."""
    request = b"GET /_tt-ops/health HTTP/1.1\r\nHost: localhost\r\n" + fields + b"\r\n"
    with socket.create_connection(("127.0.0.1", aws.server.port), timeout=10) as client:
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(65536).startswith(b"HTTP/1.1 " + status)


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

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = serve_on(listener, application)
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        with socket.create_connection(listener.getsockname(), timeout=10) as client:
            for _ in range(2):
                client.sendall(head + b"\r\nHost: localhost\r\n\r\n")
                assert client.recv(1000).startswith(b"HTTP/1.1 204")
        server.shutdown()
    assert seen[0] == seen[1]
