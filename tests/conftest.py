"""What several suites need: the Terraform that tt-ops itself would run, and a server to talk to."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import hypothesis
import pytest

from tasktracker_ops import settings
from tasktracker_ops.adapters.toolchain import TerraformBinary, Toolchain

# A busy machine makes no example wrong.
hypothesis.settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")


@pytest.fixture(scope="session", autouse=True)
def no_account() -> Iterator[None]:
    """Whatever the user's AWS variables say, no test hears it unless it sets them itself."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("AWS_"):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def terraform_binary() -> TerraformBinary:
    """The Terraform of this machine, found as tt-ops finds it; nothing is downloaded."""
    found = settings.load({}, os.environ)
    return Toolchain(
        configured=found.terraform,
        environment=os.environ,
        cache=found.cache_dir,
        approve=lambda question: False,
        releases=found.terraform_releases_url,
    ).terraform()


# A process of its own: in ours, the embedded AWS may have changed moto.
_MOTO = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print("http://%s:%s" % server.get_host_and_port(), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A plain moto server on a free port, which ends with the module."""
    command = [sys.executable, "-c", _MOTO]
    streams: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, text=True, **streams) as process:
        yield process.stdout.readline().strip()


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

        do_GET = do_POST = do_PUT = do_DELETE = answer

        def log_message(self, *_: Any) -> None:
            """Be quiet."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    found = Server(f"http://127.0.0.1:{listener.server_port}")
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    listener.shutdown()
    thread.join()
    listener.server_close()
