"""The real handler, called as API Gateway calls it, on a table in moto behind real HTTP."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import Client

# Lambda puts the root of the zip on the path: the modules are imported as they are there.
sys.path.insert(0, str(Path(__file__).parents[2] / "lambda_function"))

import dynamodb as connection
import handler

TABLE = "TaskTable"
INDEX = "status-task_id-index"

_OF_TRANSACTIONS = ("TransactionConflict", "ThrottlingError")


@dataclass(frozen=True)
class Answer:
    """A response of the function, with header names in lower case."""

    status: int
    headers: dict[str, str]
    text: str

    def json(self) -> Any:
        """Return the parsed body."""
        return json.loads(self.text)

    @property
    def slug(self) -> str:
        """The last part of a problem's type."""
        assert self.headers["content-type"] == "application/problem+json"
        problem = self.json()
        assert problem["status"] == self.status
        assert problem["title"]
        assert problem["detail"]
        return str(problem["type"]).removeprefix("urn:task-tracker:problem:")


class Api:
    """The handler, with HTTP's words for its arguments and answers."""

    def __call__(self, method: str, path: str, body: object = None, **parts: Any) -> Answer:
        """Send a request; ``parts`` are those of ``event``."""
        return self.send(self.event(method, path, body, **parts))

    @staticmethod
    def event(
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Return an event of payload format 2.0; a body that is no string is sent as JSON."""
        event: dict[str, Any] = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": "",
            "headers": {"content-type": "application/json", **(headers or {})},
            "requestContext": {"http": {"method": method, "path": path}, "stage": "$default"},
            "isBase64Encoded": False,
        }
        if query:
            event["queryStringParameters"] = dict(query)
        if body is not None:
            event["body"] = body if isinstance(body, str) else json.dumps(body)
        return event

    def send(self, event: object, seconds_left: float = 10) -> Answer:
        """Invoke the handler with an event and check that its response can be encoded."""
        end = time.monotonic() + seconds_left
        context = SimpleNamespace(
            aws_request_id="a-request",
            get_remaining_time_in_millis=lambda: int((end - time.monotonic()) * 1000),
        )
        response = handler.lambda_handler(event, context)
        assert time.monotonic() < end
        json.dumps(response, ensure_ascii=False).encode()  # what the runtime does with it
        assert set(response) == {"statusCode", "headers", "body"}
        headers = {name.lower(): value for name, value in response["headers"].items()}
        return Answer(response["statusCode"], headers, response["body"])

    def add(self, title: str = "Water the plants", **fields: str) -> dict[str, Any]:
        """Create a task and return it."""
        answer = self("POST", "/tasks", {"title": title, **fields})
        assert answer.status == 201, answer
        task: dict[str, Any] = answer.json()
        return task


class Wire(ThreadingHTTPServer):
    """DynamoDB at an address of this machine: moto, with faults before it.

    ``calls`` are the operations of all requests that came, in order.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Delivery)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.calls: list[str] = []
        self.released = threading.Event()
        self._moto = Client(DomainDispatcherApplication(create_backend_app))
        self._lock = threading.Lock()
        self._kind = ""
        self._times = 0
        self._met: Counter[str] = Counter()

    def inject(self, kind: str, times: int = 99) -> None:
        """Let the next requests of each operation meet a fault, so many times."""
        with self._lock:
            self.calls.clear()
            self._met.clear()
            self._kind, self._times = kind, times

    def clear_faults(self) -> None:
        """End all faults."""
        self.inject("", times=0)

    def fault(self, operation: str) -> str:
        """Note a request and return the fault that it meets, if it does."""
        with self._lock:
            self.calls.append(operation)
            self._met[operation] += 1
            fits = operation == "TransactWriteItems" or self._kind not in _OF_TRANSACTIONS
            return self._kind if fits and self._met[operation] <= self._times else ""

    def deliver(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Give a request to moto: one after the other, as DynamoDB does for an item."""
        with self._lock:
            answer = self._moto.post("/", headers=dict(headers), data=body)
            return answer.status_code, answer.get_data()


class _Delivery(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # header and body in one segment
    server: Wire

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        match self.server.fault(operation):
            case "":
                self._answer(*self.server.deliver(self.headers, body))
            case "dropped":
                self.close_connection = True
            case "slow":  # longer than the read timeout
                self.server.released.wait(30)
                self.close_connection = True
            case "late":
                time.sleep(1.3)
                self._answer(*self.server.deliver(self.headers, body))
            case "answer lost":
                self.server.deliver(self.headers, body)
                self.close_connection = True
            case "answer cut off":
                status, content = self.server.deliver(self.headers, body)
                self._answer(status, content, cut_off=1)
                self.close_connection = True
            case "500":
                self._answer(500, b'{"__type": "InternalServerError", "message": "no"}')
            case "garbage":
                self._answer(502, b"<html>Bad Gateway</html>")
            case reason if reason in _OF_TRANSACTIONS:
                self._answer(400, _cancelled(reason))
            case code:
                self._answer(400, json.dumps({"__type": f"x#{code}", "message": "no"}).encode())

    def _answer(self, status: int, content: bytes, cut_off: int = 0) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("x-amz-crc32", str(zlib.crc32(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) - cut_off])

    def log_message(self, *_: Any) -> None:
        """Be quiet."""


def _cancelled(reason: str) -> bytes:
    """Return DynamoDB's answer to a transaction of two writes of which the second failed."""
    reasons = [{"Code": "None"}, {"Code": reason, "Message": "no"}]
    kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
    document = {"__type": kind, "Message": "no", "CancellationReasons": reasons}
    return json.dumps(document).encode()


@pytest.fixture(scope="session")
def _wire() -> Iterator[Wire]:
    with Wire() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()
        connection.client.cache_clear()


@pytest.fixture(scope="session")
def _database(_wire: Wire) -> Any:
    """Return a client of its own to look into the database."""
    return botocore.session.get_session().create_client(
        "dynamodb",
        region_name="eu-west-3",
        endpoint_url=_wire.url,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


@pytest.fixture
def environment(_wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the function's variables for one test: those of other folders share the process."""
    for name, value in {
        "AWS_DEFAULT_REGION": "eu-west-3",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_ENDPOINT_URL": _wire.url,
        "TASKS_TABLE_NAME": TABLE,
        "TASKS_INDEX_NAME": INDEX,
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def table(
    _wire: Wire, _database: Any, environment: None, table_definition: dict[str, Any]
) -> Iterator[Any]:
    """Make an empty table, and return a client of its own to look into it."""
    _database.create_table(**table_definition)
    yield _database
    _wire.clear_faults()
    _database.delete_table(TableName=TABLE)


@pytest.fixture
def api(table: Any) -> Api:
    """Return the API on an empty table."""
    return Api()


@pytest.fixture
def wire(_wire: Wire, table: Any) -> Iterator[Wire]:
    """Faults, and a handler whose SDK has not used up its retries."""
    connection.client.cache_clear()
    yield _wire
    connection.client.cache_clear()


@pytest.fixture
def shards(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Set how many partitions of the index each status has."""
    return lambda count: monkeypatch.setenv("TASKS_STATUS_SHARDS", str(count))
