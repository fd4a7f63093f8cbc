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
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest

from tests.http_server import serving

from .wire import TABLE, Bypass, Database, Wire

# Lambda puts the root of the zip on the path: the modules are imported as they are there.
sys.path.insert(0, str(Path(__file__).parents[2] / "lambda_function"))

import dynamodb as connection
import handler

INDEX = "status-task_id-index"


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
