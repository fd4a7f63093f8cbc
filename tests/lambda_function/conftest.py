"""The real handler, called as API Gateway calls it, on a table in moto.

- `api`: the handler, on an empty table.
- `table`: a DynamoDB client to look into that table.
- `wire`: real HTTP between the function's client and the table, with faults.
- `shards`: sets how many partitions of the index each status has.
- `function_environment`: the function's environment variables.

The requests of a test have a minute, and without `wire` they have no time-out: no test depends on
the speed of moto.
"""

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
from botocore.awsrequest import AWSResponse

from tests.http_server import serving
from tests.service import MotoDynamoDB

# Lambda puts the root of the zip on the path: the modules are imported as they are there.
sys.path.insert(0, str(Path(__file__).parents[2] / "lambda_function"))

import dynamodb as connection
import handler

TABLE = "TaskTable"
INDEX = "status-task_id-index"

_READS = ("GetItem", "Query", "Scan")
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
        """Return the last part of a problem's type."""
        assert self.headers["content-type"] == "application/problem+json"
        problem = self.json()
        assert problem["status"] == self.status
        assert problem["title"]
        assert problem["detail"]
        return str(problem["type"]).removeprefix("urn:task-tracker:problem:")


class Api:
    """The handler, with an HTTP request as arguments and an HTTP response as result."""

    def __call__(self, method: str, path: str, body: object = None, **parts: Any) -> Answer:
        """Send a request; ``parts`` are headers and query."""
        return self.send(self.event(method, path, body, **parts))

    @staticmethod
    def event(
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Return an event of payload format 2.0; a body that is not a string is sent as JSON."""
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

    def send(self, event: object, seconds_left: float = 60) -> Answer:
        """Invoke the handler with an event and check that its response can be encoded."""
        end = time.monotonic() + seconds_left
        context = SimpleNamespace(
            aws_request_id="a-request",
            get_remaining_time_in_millis=lambda: int((end - time.monotonic()) * 1000),
        )
        response = handler.lambda_handler(event, context)
        assert time.monotonic() < end
        json.dumps(response, ensure_ascii=False).encode()  # as the runtime does
        assert set(response) == {"statusCode", "headers", "body"}
        headers = {name.lower(): value for name, value in response["headers"].items()}
        return Answer(response["statusCode"], headers, response["body"])

    def add(self, title: str = "Water the plants", **fields: str) -> dict[str, Any]:
        """Create a task and return it."""
        answer = self("POST", "/tasks", {"title": title, **fields})
        assert answer.status == 201, answer
        task: dict[str, Any] = answer.json()
        return task


class Database(MotoDynamoDB):
    """DynamoDB: moto in this process, one request after the other as for an item."""

    def __init__(self) -> None:
        super().__init__()
        self.is_written = False
        self._lock = threading.Lock()

    def answer(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Return status and body of the response to a request."""
        with self._lock:
            self.is_written |= headers["X-Amz-Target"].partition(".")[2] not in _READS
            return super().answer(headers, body)

    def clear(self, client: Any) -> None:
        """Delete all items of the table, if there may be any."""
        if self.is_written:
            scan = client.get_paginator("scan")
            pages = scan.paginate(TableName=TABLE, ProjectionExpression="task_id")
            deletes = [{"DeleteRequest": {"Key": item}} for page in pages for item in page["Items"]]
            for start in range(0, len(deletes), 25):
                client.batch_write_item(RequestItems={TABLE: deletes[start : start + 25]})
        self.is_written = False


class Wire(ThreadingHTTPServer):
    """The database behind real HTTP, with faults; without ``is_used`` requests bypass it.

    ``calls`` are the operations of all requests received, in order.
    """

    daemon_threads = True

    def __init__(self, database: Database) -> None:
        super().__init__(("127.0.0.1", 0), _Delivery)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.database = database
        self.is_used = False
        self.calls: list[str] = []
        self.released = threading.Event()
        self._lock = threading.Lock()
        self._kind = ""
        self._times = 0
        self._counts: Counter[str] = Counter()

    def bypass(self, request: Any) -> AWSResponse | None:
        """Answer a request of the function in this process unless the wire is used."""
        return None if self.is_used else self.database.send(request)

    def inject(self, kind: str, times: int = 99) -> None:
        """Make the next ``times`` requests of each operation fail."""
        with self._lock:
            self.calls.clear()
            self._counts.clear()
            self._kind, self._times = kind, times

    def clear_faults(self) -> None:
        """End all faults."""
        self.inject("", times=0)

    def fault(self, operation: str) -> str:
        """Record a request, and return its fault or an empty string."""
        with self._lock:
            self.calls.append(operation)
            self._counts[operation] += 1
            fits = operation == "TransactWriteItems" or self._kind not in _OF_TRANSACTIONS
            return self._kind if fits and self._counts[operation] <= self._times else ""


class Bypass:
    """Sends the requests of the function's client, those that the wire leaves by `http`."""

    def __init__(self, wire: Wire, http: Any) -> None:
        self._wire = wire
        self._http = http

    def send(self, request: Any) -> AWSResponse:
        """Return the response to a prepared request."""
        return self._wire.bypass(request) or self._http.send(request)


class _Delivery(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # header and body in one segment
    server: Wire

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        match self.server.fault(operation):
            case "":
                self._answer(*self.server.database.answer(self.headers, body))
            case "dropped":
                self.close_connection = True
            case "slow":  # longer than the read timeout
                self.server.released.wait(30)
                self.close_connection = True
            case "late":
                time.sleep(1.3)
                self._answer(*self.server.database.answer(self.headers, body))
            case "answer lost":
                self.server.database.answer(self.headers, body)
                self.close_connection = True
            case "answer cut off":
                status, content = self.server.database.answer(self.headers, body)
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
        """Write no log."""


def _cancelled(reason: str) -> bytes:
    """Return DynamoDB's answer to a transaction of two writes of which the second failed."""
    reasons = [{"Code": "None"}, {"Code": reason, "Message": "no"}]
    kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
    document = {"__type": kind, "Message": "no", "CancellationReasons": reasons}
    return json.dumps(document).encode()


@pytest.fixture(scope="session")
def _wire() -> Iterator[Wire]:
    server = Wire(Database())
    with serving(server):
        yield server
        server.released.set()
    connection.client.cache_clear()


@pytest.fixture(scope="session")
def function_environment(_wire: Wire) -> dict[str, str]:
    """Return the function's environment variables."""
    return {
        "AWS_DEFAULT_REGION": "eu-west-3",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_ENDPOINT_URL": _wire.url,
        "TASKS_TABLE_NAME": TABLE,
        "TASKS_INDEX_NAME": INDEX,
    }


@pytest.fixture(scope="session")
def _client(_wire: Wire) -> Any:
    client = botocore.session.get_session().create_client(
        "dynamodb",
        region_name="eu-west-3",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    client.meta.events.register("before-send.dynamodb", _wire.database.send)
    return client


@pytest.fixture(scope="module")
def _table(_client: Any, table_definition: dict[str, Any]) -> Iterator[Any]:
    # Not for the session: the tests of other folders make a table of this name in the same process.
    _client.create_table(**table_definition)
    yield _client
    _client.delete_table(TableName=TABLE)


@pytest.fixture
def table(
    _wire: Wire,
    _table: Any,
    function_environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Any]:
    """Yield a client to look into the table, which is empty."""
    for name, value in function_environment.items():
        monkeypatch.setenv(name, value)
    client = connection.client()
    if not isinstance(client.http, Bypass):
        client.http = Bypass(_wire, client.http)
    yield _table
    _wire.database.clear(_table)


@pytest.fixture
def api(table: Any) -> Api:
    """Return the API on an empty table."""
    return Api()


@pytest.fixture
def wire(_wire: Wire, table: Any) -> Iterator[Wire]:
    """Yield the wire between the function and the table."""
    _wire.clear_faults()
    _wire.is_used = True
    yield _wire
    _wire.is_used = False
    _wire.clear_faults()


@pytest.fixture
def shards(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that sets how many partitions of the index each status has."""
    return lambda count: monkeypatch.setenv("TASKS_STATUS_SHARDS", str(count))
