"""What several suites need: Terraform, a server to talk to, the service, an issuer of tokens."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import hypothesis
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from tasktracker_ops import settings
from tasktracker_ops.adapters.toolchain import TerraformBinary, Toolchain

# A busy machine makes no example wrong.
hypothesis.settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")
hypothesis.settings.register_profile("thorough")  # pytest --hypothesis-profile=thorough


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with deployments: they take longest, and wait more than they work."""
    items.sort(key=lambda item: not {"e2e", "pipeline"} & set(item.path.parts))


@pytest.fixture(scope="session", autouse=True)
def no_account() -> Iterator[None]:
    """Whatever the user's AWS or CI variables say, no test hears it unless it sets them itself."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name == "CI" or name.startswith(("AWS_", "GITHUB_")):
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


@pytest.fixture(scope="session")
def table_definition() -> dict[str, Any]:
    """The service's table as Terraform makes it, as arguments of CreateTable."""
    return {
        "TableName": "TaskTable",
        "KeySchema": [{"AttributeName": "task_id", "KeyType": "HASH"}],
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": "S"} for name in ("task_id", "status")
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "status-task_id-index",
                "KeySchema": [
                    {"AttributeName": "status", "KeyType": "HASH"},
                    {"AttributeName": "task_id", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        "BillingMode": "PAY_PER_REQUEST",
    }


@contextmanager
def _serving(listener: HTTPServer) -> Iterator[None]:
    """Serve in a thread."""
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield
    listener.shutdown()
    thread.join()
    listener.server_close()


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

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, *_: Any) -> None:
            """Be quiet."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    found = Server(f"http://127.0.0.1:{listener.server_port}")
    with _serving(listener):
        yield found


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
    with _serving(listener):
        yield found


class Service(ThreadingHTTPServer):
    """The real service at an address of this machine: its handler, on a table in moto.

    `asked` are methods and paths of all requests that came; `before` is called with them before
    each is handled. Requests are handled one after the other.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _ServiceRequest)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.asked: list[str] = []
        self.before: Callable[[str], None] = lambda request: None
        self.lock = threading.Lock()
        self._faults: list[tuple[str, str, Mapping[str, str]]] = []

    def fail(self, method: str, kind: str, *, times: int = 1, **headers: str) -> None:
        """Let the next requests of a method fail: `dropped`, `answer lost`, or with a status."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        with self.lock:
            self._faults += [(method, kind, names)] * times

    def fault(self, method: str) -> tuple[str, Mapping[str, str]]:
        """Take the next fault of a method."""
        with self.lock:
            for place, (of, kind, headers) in enumerate(self._faults):
                if of == method:
                    del self._faults[place]
                    return kind, headers
        return "", {}

    def handle_event(self, event: Mapping[str, Any]) -> Any:
        """Invoke the function."""
        import handler

        with self.lock:
            return handler.lambda_handler(event, None)


class _ServiceRequest(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # header and body in one segment
    server: Service

    def respond(self) -> None:
        """Answer as API Gateway does, unless a fault comes first."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append(f"{self.command} {self.path}")
        self.server.before(f"{self.command} {self.path}")
        kind, headers = self.server.fault(self.command)
        if kind.isdigit():
            self._answer({"statusCode": int(kind), "headers": headers, "body": '{"message": "no"}'})
            return
        if kind != "dropped":
            answer = self.server.handle_event(self._event(body.decode()))
        if kind:
            self.close_connection = True
            return
        self._answer(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = respond

    def _event(self, body: str) -> dict[str, Any]:
        address = urlsplit(self.path)
        http = {"method": self.command, "path": address.path}
        return {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": address.path,
            "rawQueryString": address.query,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "queryStringParameters": dict(parse_qsl(address.query)),
            "requestContext": {"http": http, "stage": "$default"},
            "body": body,
            "isBase64Encoded": False,
        }

    def _answer(self, answer: Mapping[str, Any]) -> None:
        content = answer["body"].encode()
        self.send_response(answer["statusCode"])
        for name, value in answer["headers"].items():
            self.send_header(name, value)
        if answer["statusCode"] != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Be quiet."""


@pytest.fixture(scope="module")
def _deployed() -> Iterator[Any]:
    """The function's client of a DynamoDB that is moto's, in this process."""
    from botocore.awsrequest import AWSResponse
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from urllib3 import HTTPResponse
    from werkzeug.test import Client

    moto = Client(DomainDispatcherApplication(create_backend_app))

    def deliver(request: Any, **_: Any) -> AWSResponse:
        headers = {
            name: value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        }
        answer = moto.post("/", headers=headers, data=request.body)
        raw = HTTPResponse(io.BytesIO(answer.data), preload_content=False)
        return AWSResponse(request.url, answer.status_code, answer.headers, raw)

    # As the other tests of the function do; they share its modules.
    sys.path.insert(0, str(Path(__file__).parents[1] / "lambda_function"))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", "eu-west-3")
        environment.setenv("AWS_ACCESS_KEY_ID", "testing")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        environment.setenv("TASKS_TABLE_NAME", "TaskTable")
        environment.setenv("TASKS_INDEX_NAME", "status-task_id-index")
        import dynamodb

        dynamodb.client.cache_clear()
        client = dynamodb.client()
        client.meta.events.register("before-send.dynamodb", deliver)
        yield client
        dynamodb.client.cache_clear()


@pytest.fixture
def service(_deployed: Any, table_definition: dict[str, Any]) -> Iterator[Service]:
    """The service, without tasks."""
    _deployed.create_table(**table_definition)
    found = Service()
    with _serving(found):
        yield found
    _deployed.delete_table(TableName="TaskTable")
