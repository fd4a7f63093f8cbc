"""The real handler, called as API Gateway calls it, on a table in moto."""

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, ReadTimeoutError
from moto import mock_aws
from moto.core.models import botocore_stubber

# Lambda puts the root of the zip on the path: the modules are imported as they are there.
sys.path.insert(0, str(Path(__file__).parents[2] / "lambda_function"))

import handler
import store

TABLE = "TaskTable"
Hook = Callable[[Any, Callable[[], AWSResponse]], AWSResponse]  # a request, and its delivery


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

    def send(self, event: object) -> Answer:
        """Invoke the handler with an event and check that its response can be encoded."""
        response = handler.lambda_handler(event, SimpleNamespace(aws_request_id="a-request"))
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


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    """Run moto's DynamoDB, whatever AWS variables and files the machine has."""
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            environment.delenv(name)
        environment.setenv("AWS_DEFAULT_REGION", "eu-west-3")
        environment.setenv("AWS_ACCESS_KEY_ID", "testing")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        environment.setenv("AWS_CONFIG_FILE", os.devnull)
        environment.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        environment.setenv("TASKS_TABLE_NAME", TABLE)
        with mock_aws():
            store.connect.cache_clear()
            yield botocore.session.get_session().create_client("dynamodb")
            store.connect.cache_clear()


@pytest.fixture
def table(dynamodb: Any) -> Iterator[Any]:
    """Make an empty table and return a client of its own to look into it."""
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "task_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "task_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield dynamodb
    dynamodb.delete_table(TableName=TABLE)


@pytest.fixture
def api(table: Any) -> Api:
    """Return the API on an empty table."""
    return Api()


@pytest.fixture
def wire(table: Any) -> Iterator[Callable[[Hook], None]]:
    """Give the requests of the handler's SDK to a function in place of moto."""
    events = store.connect()._client.meta.events
    hooks: list[Callable[..., AWSResponse]] = []

    def connect(hook: Hook) -> None:
        def send(event_name: str, request: Any, **_: Any) -> AWSResponse:
            return hook(request, lambda: botocore_stubber(event_name, request))

        hooks.append(send)
        events.register("before-send.dynamodb", send)

    events.unregister("before-send", botocore_stubber)
    yield connect
    for hook in hooks:
        events.unregister("before-send.dynamodb", hook)
    events.register("before-send", botocore_stubber)


@pytest.fixture
def atomic(wire: Callable[[Hook], None]) -> None:
    """Apply one request after the other, as DynamoDB does for an item and moto does not."""
    lock = threading.Lock()

    def serialise(request: Any, deliver: Callable[[], AWSResponse]) -> AWSResponse:
        with lock:
            return deliver()

    wire(serialise)


@dataclass
class Faults:
    """Breaks requests to DynamoDB; ``calls`` counts all attempts by operation."""

    kind: str = "none"
    operations: tuple[str, ...] = ()
    remaining: int = 0
    calls: list[str] = field(default_factory=list)

    def inject(self, kind: str, *operations: str, times: int) -> None:
        """Let the next ``times`` requests of these operations (none given: of all) fail."""
        self.kind, self.operations, self.remaining = kind, operations, times
        self.calls.clear()

    def __call__(self, request: Any, deliver: Callable[[], AWSResponse]) -> AWSResponse:
        """Deliver a request or break it."""
        operation = request.headers["X-Amz-Target"].decode().partition(".")[2]
        self.calls.append(operation)
        if not self.remaining or (self.operations and operation not in self.operations):
            return deliver()
        self.remaining -= 1
        url = request.url
        match self.kind:
            case "dropped":
                raise ConnectionClosedError(endpoint_url=url)
            case "slow":
                raise ReadTimeoutError(endpoint_url=url)
            case "unreachable":
                raise ConnectTimeoutError(endpoint_url=url)
            case "answer lost":
                deliver()
                raise ConnectionClosedError(endpoint_url=url)
            case "500":
                return _error(url, 500, "InternalServerError")
            case "garbage":
                return AWSResponse(url, 502, {}, _Raw(b"<html>Bad Gateway</html>"))
            case code:
                return _error(url, 400, code)


class _Raw:
    def __init__(self, content: bytes) -> None:
        self.content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.content


def _error(url: str, status: int, code: str) -> AWSResponse:
    content = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no"})
    return AWSResponse(url, status, {}, _Raw(content.encode()))


@pytest.fixture
def faults(wire: Callable[[Hook], None], monkeypatch: pytest.MonkeyPatch) -> Faults:
    """Faults on the wire; the SDK does not pause before it tries again."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda seconds: None))
    injected = Faults()
    wire(injected)
    return injected
