"""The server reads each request to its end, or refuses it."""

from __future__ import annotations

import socket
from typing import Any

import pytest


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
