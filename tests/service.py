"""The function behind an HTTP server, with faults that a test can add."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from .http_server import serving

_DRILLS = ("/trigger-error", "/trigger-slow")  # routes of their own, here without a signature
_FAILED: dict[str, Any] = {
    "statusCode": 500,
    "headers": {"Content-Type": "application/json"},
    "body": '{"message": "Internal Server Error"}',
}


class Service(ThreadingHTTPServer):
    """A server that passes requests to the function's handler, one after the other.

    `asked` are method and path of each request so far; `before` is called with them first.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _ServiceRequest)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.asked: list[str] = []
        self.before: Callable[[str], None] = lambda request: None
        self.lock = threading.Lock()
        self._faults: list[tuple[str, str, Mapping[str, str]]] = []

    def fail(self, method: str, kind: str, *, times: int = 1, **headers: str) -> None:
        """Make the next requests of a method fail: `dropped`, `answer lost`, or a status."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        with self.lock:
            self._faults += [(method, kind, names)] * times

    def heal(self) -> None:
        """Remove the faults that have not occurred yet."""
        with self.lock:
            self._faults.clear()

    def fault(self, method: str) -> tuple[str, Mapping[str, str]]:
        """Remove and return the next fault of a method."""
        with self.lock:
            for place, (of, kind, headers) in enumerate(self._faults):
                if of == method:
                    del self._faults[place]
                    return kind, headers
        return "", {}

    def handle_event(self, event: Mapping[str, Any]) -> Any:
        """Invoke the function; answer 500 as API Gateway does where it raises."""
        import handler

        with self.lock:
            try:
                return handler.lambda_handler(event, None)
            except Exception:
                return _FAILED


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

    do_GET = do_HEAD = do_OPTIONS = do_POST = do_PUT = do_PATCH = do_DELETE = respond

    def _event(self, body: str) -> dict[str, Any]:
        address = urlsplit(self.path)
        http = {"method": self.command, "path": address.path}
        return {
            "version": "2.0",
            "routeKey": f"ANY {address.path}" if address.path in _DRILLS else "$default",
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
        if answer["statusCode"] not in (204, 304):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


class MotoDynamoDB:
    """DynamoDB in this process, in the place of the HTTP session of the function's client."""

    def __init__(self) -> None:
        from moto.moto_server.werkzeug_app import create_backend_app
        from werkzeug.test import Client

        self._moto = Client(create_backend_app("dynamodb"))

    def answer(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Return status and body of the response to a request."""
        answer = self._moto.post("/", headers=dict(headers), data=body)
        return answer.status_code, answer.get_data()

    def send(self, request: Any, **_: Any) -> Any:
        """Return the response to a prepared request of botocore, without HTTP."""
        from botocore.awsrequest import AWSResponse
        from urllib3 import HTTPResponse

        headers = {
            name: value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        }
        status, content = self.answer(headers, request.body)
        raw = HTTPResponse(io.BytesIO(content), preload_content=False)
        return AWSResponse(request.url, status, {"Content-Length": str(len(content))}, raw)


@pytest.fixture(scope="module")
def dynamodb_client() -> Iterator[Any]:
    """Yield a DynamoDB client; it and that of the function send to moto in this process."""
    import botocore.session

    moto = MotoDynamoDB()
    # As the other tests of the function do; they share its modules.
    sys.path.insert(0, str(Path(__file__).parents[1] / "lambda_function"))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", "eu-west-3")
        environment.setenv("AWS_ACCESS_KEY_ID", "testing")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        environment.setenv("TASKS_TABLE_NAME", "TaskTable")
        environment.setenv("TASKS_INDEX_NAME", "status-task_id-index")
        import dynamodb
        import handler

        # Its log is what it prints; here, stdout is that of the test and of the CLI.
        environment.setattr(handler, "print", lambda line: None, raising=False)
        dynamodb.client.cache_clear()
        dynamodb.client().http = moto
        client = botocore.session.get_session().create_client("dynamodb")
        client.meta.events.register("before-send.dynamodb", moto.send)
        yield client
        dynamodb.client.cache_clear()


@pytest.fixture
def service(dynamodb_client: Any, table_definition: dict[str, Any]) -> Iterator[Service]:
    """Yield the service with an empty table."""
    dynamodb_client.create_table(**table_definition)
    server = Service()
    with serving(server):
        yield server
    dynamodb_client.delete_table(TableName="TaskTable")
