"""Servers on this machine, and one that answers what a test says."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from typing import Any

import pytest


@contextmanager
def serving(listener: HTTPServer) -> Iterator[None]:
    """Serve in a thread, which never keeps the process alive."""
    poll = {"poll_interval": 0.02}
    thread = threading.Thread(target=listener.serve_forever, kwargs=poll, daemon=True)
    thread.start()
    try:
        yield
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


@dataclass(frozen=True)
class Request:
    """A request as it came over the wire."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Server:
    """A server on this machine: gives `answers` in turn, the last one again and again.

    It takes `delay` seconds for each.
    """

    url: str
    answers: list[tuple[int, Mapping[str, str], bytes]] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    delay: float = 0.0

    def will_answer(self, status: int, body: str | bytes = b"", **headers: str) -> None:
        """Add an answer; `content_type` names the header Content-Type."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append((status, names, body.encode() if isinstance(body, str) else body))


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on a free port, for the length of a test."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            """Note the request, and give the next answer."""
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.asked.append(Request(self.command, self.path, headers, body))
            last = len(found.answers) == 1
            status, names, content = found.answers[0] if last else found.answers.pop(0)
            time.sleep(found.delay)
            self.send_response_only(status)
            ours = {"Date": self.date_time_string(), "Content-Length": str(len(content))}
            for name, value in {**ours, **names}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, *_: Any) -> None:
            """Be quiet."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    found = Server(f"http://127.0.0.1:{listener.server_port}")
    with serving(listener):
        yield found
