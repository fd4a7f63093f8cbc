"""What several suites need: tt-ops' own Terraform, a server to talk to, an issuer of tokens."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import hypothesis
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from tasktracker_ops import settings
from tasktracker_ops.adapters.toolchain import TerraformBinary, Toolchain

hypothesis.settings.register_profile("thorough")  # pytest --hypothesis-profile=thorough


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


@dataclass(frozen=True)
class Request:
    """A request as it came over the wire."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Server:
    """A server on this machine: gives `answers` in turn, the last one again and again."""

    url: str
    answers: list[tuple[int, Mapping[str, str], bytes]] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)

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
            self.send_response(status)
            for name, value in {**names, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

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


@dataclass
class Issuer:
    """An identity provider on this machine: publishes `keys` by their id, and issues tokens."""

    url: str
    keys: dict[str, RSAPrivateKey]
    asked: list[str] = field(default_factory=list)

    def key_set(self) -> dict[str, Any]:
        """Return the published keys (RFC 7517)."""
        return {
            "keys": [
                {**json.loads(RSAAlgorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig"}
                for kid, key in self.keys.items()
            ]
        }

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return good claims with some changed; None leaves one out."""
        now = int(time.time())
        good = {"iss": self.url, "aud": "tasks", "sub": "someone", "iat": now, "exp": now + 300}
        return {name: value for name, value in {**good, **changes}.items() if value is not None}

    def token(self, scope: str | None = None, **changes: Any) -> str:
        """Issue a token, signed with the first key."""
        kid, key = next(iter(self.keys.items()))
        claims = self.claims(scope=scope, **changes)
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid})


@pytest.fixture(scope="session")
def signing_key() -> RSAPrivateKey:
    """A key that takes a while to make."""
    return generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def issuer(signing_key: RSAPrivateKey) -> Iterator[Issuer]:
    """An issuer whose configuration and keys are served over HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Serve one of the two documents."""
            found.asked.append(self.path)
            configuration = {"issuer": found.url, "jwks_uri": f"{found.url}/keys"}
            document = found.key_set() if self.path == "/keys" else configuration
            content = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Be quiet."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    found = Issuer(f"http://127.0.0.1:{listener.server_port}", {"first": signing_key})
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    listener.shutdown()
    thread.join()
    listener.server_close()
