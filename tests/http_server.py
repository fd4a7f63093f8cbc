"""HTTP servers on this machine, and one that gives the answers that a test has prepared."""

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
    """Serve in a thread that does not keep the process alive."""
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
    """A request as it was received."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Server:
    """A server on this machine: gives `answers` in turn, and repeats the last one.

    Each answer takes `delay` seconds; `asked` are the requests so far.
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
    """Yield a server on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            """Record the request and give the next answer."""
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            prepared.asked.append(Request(self.command, self.path, headers, body))
            last = len(prepared.answers) == 1
            status, names, content = prepared.answers[0] if last else prepared.answers.pop(0)
            time.sleep(prepared.delay)
            self.send_response_only(status)
            ours = {"Date": self.date_time_string(), "Content-Length": str(len(content))}
            for name, value in {**ours, **names}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    prepared = Server(f"http://127.0.0.1:{listener.server_port}")
    with serving(listener):
        yield prepared
