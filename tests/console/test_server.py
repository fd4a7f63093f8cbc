"""The console over HTTP: which requests are refused and how, and the stream of events."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from tasktracker_ops.console.server import ConsoleServer
from tasktracker_ops.errors import Problem, TtOpsError
from tasktracker_ops.models.overview import Part
from tasktracker_ops.models.task import Task, TaskList
from tasktracker_ops.output.text import as_json

TASKS = TaskList((Task("1", "Renew the certificate"),))
FAILURE = TtOpsError("api-unreachable", "the API cannot be reached", hint="see it: tt-ops status")


class Actions:
    """A console with one part, which was read twice, and one action."""

    def __init__(self) -> None:
        self.parts = [Part("tasks", "1", TASKS), None, Part("tasks", "2", TASKS)]
        self.parts.append(Part("tasks", "3", TASKS, Problem.of(FAILURE)))

    def view(self) -> Generator[Part | None, None, None]:
        """Yield the parts, and end."""
        yield from self.parts

    def problem(self, error: Exception) -> Problem:
        """Return what an error is for the user."""
        return Problem.of(error) if isinstance(error, TtOpsError) else Problem("bug", "", "")

    def perform(self, action: str, arguments: Mapping[str, str]) -> Any:
        """Return a task of that title, or fail."""
        if action == "add-task":
            return Task("2", arguments["title"])
        raise FAILURE if action == "fail" else KeyError(action)


@pytest.fixture(scope="module")
def server() -> Iterator[ConsoleServer]:
    """Serve a console in a thread."""
    with ConsoleServer(0, Actions(), as_json) as server:  # type: ignore[arg-type]  # as much of it as is served
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


Send = Callable[..., tuple[int, Any, Mapping[str, str]]]


@pytest.fixture
def send(server: ConsoleServer) -> Send:
    """Send a request as the page does, with some headers changed or, by None, left out."""

    def call(
        method: str, path: str, body: Any = None, **changes: str | None
    ) -> tuple[int, Any, Mapping[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        host = f"127.0.0.1:{server.server_port}"
        own = {"Host": host, "Origin": f"http://{host}", "Authorization": f"Bearer {server.token}"}
        headers = {name: value for name, value in {**own, **changes}.items() if value is not None}
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        connection.request(method, path, text, headers)
        response = connection.getresponse()
        content = response.read().decode()
        connection.close()
        kind = response.headers["Content-Type"]
        decoded = json.loads(content) if kind.startswith("application/json") else content
        return response.status, decoded, response.headers

    return call


def test_the_page_is_served_without_the_token_and_has_none(send: Send) -> None:
    """It is in the fragment of the address; the page loads nothing from elsewhere."""
    status, page, headers = send("GET", "/", Authorization=None, Origin=None)
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert "http" not in page.replace("http-equiv", "")
    scripts = ("/page.js", "/elements.js", "/charts.js", "/uplot.js")
    for path in (*scripts, "/page.css", "/charts.css", "/uplot.css"):
        assert path in page
        assert send("GET", path, Authorization=None)[0] == 200


def test_the_address_has_the_token_in_its_fragment(server: ConsoleServer) -> None:
    """Browsers send it to no server, and in no Referer."""
    address = urlsplit(server.url)
    assert (address.hostname, address.port) == ("127.0.0.1", server.server_port)
    assert (address.path, address.query, address.fragment) == ("/", "", server.token)
    assert len(server.token) >= 40


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/events"), ("POST", "/actions/add-task"), ("POST", "/nowhere")]
)
@pytest.mark.parametrize("token", [None, "", "Bearer ", "Bearer wrong", "Bearer \xe9"])
def test_requests_without_the_token_are_refused(
    send: Send, method: str, path: str, token: str | None
) -> None:
    """The error is JSON, and its hint says where the token is."""
    status, content, _ = send(method, path, {"title": "t"}, Authorization=token)
    assert (status, content["error"]["code"]) == (401, "token-invalid")
    assert content["error"]["hint"].endswith(": tt-ops console")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"Host": "rebound.example:80"}, 421, "host-refused"),
        ({"Host": "127.0.0.1.example.com"}, 421, "host-refused"),
        ({"Origin": "https://example.com"}, 403, "origin-refused"),
        ({"Origin": "http://127.0.0.1:1"}, 403, "origin-refused"),
        ({"Origin": "null"}, 403, "origin-refused"),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("GET", "/events"), ("POST", "/actions/add-task")]
)
def test_other_hosts_and_origins_are_refused(
    send: Send, method: str, path: str, changes: dict[str, str], status: int, code: str
) -> None:
    """Even with the token: a rebound name, another site, another port of this machine."""
    refused, content, _ = send(method, path, {"title": "t"}, **changes)
    assert (refused, content["error"]["code"]) == (status, code)


def test_a_tunnel_may_have_another_port(send: Send) -> None:
    """As `ssh -L 8000:127.0.0.1:PORT` makes one."""
    changes = {"Host": "localhost:8000", "Origin": "http://localhost:8000"}
    assert send("POST", "/actions/add-task", {"title": "t"}, **changes)[0] == 200


def test_an_action_returns_what_its_command_prints(send: Send) -> None:
    """The same JSON; an error has its code, message and hint."""
    status, task, _ = send("POST", "/actions/add-task", {"title": "New"})
    assert (status, task) == (200, json.loads(as_json(Task("2", "New"))))
    status, content, _ = send("POST", "/actions/fail", {})
    assert status == 409
    assert content == {"error": json.loads(as_json(Problem.of(FAILURE)))}
    assert send("POST", "/actions/bug", {})[0] == 500


@pytest.mark.parametrize("body", ["", "[]", "{", '{"title": 1}', '"' + "x" * 70_000 + '"'])
def test_a_body_is_an_object_of_texts(send: Send, body: str) -> None:
    """And no longer than any that the page sends."""
    status, content, _ = send("POST", "/actions/add-task", body)
    assert (status, content["error"]["code"]) == (400, "body-invalid")


@pytest.mark.parametrize(("method", "path"), [("GET", "/../setup.cfg"), ("POST", "/events")])
def test_other_paths_are_unknown(send: Send, method: str, path: str) -> None:
    """No file is served but those of the page."""
    status, content, _ = send(method, path, {})
    assert (status, content["error"]["code"]) == (404, "page-unknown")


def test_the_stream_sends_contents_once(send: Send) -> None:
    """A part that was read again and has not changed comes with its time alone."""
    status, text, headers = send("GET", "/events")
    assert (status, headers["Content-Type"]) == (200, "text/event-stream")
    lines = text.split("\n\n")
    assert (lines[1], lines[-1]) == (": still here", "")
    events = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    assert [event["at"] for event in events] == ["1", "2", "3"]
    assert events[0]["content"] == json.loads(as_json(TASKS))
    assert ["content" in event for event in events] == [True, False, False]
    assert events[2]["problem"]["code"] == "api-unreachable"


def test_a_port_that_is_taken_is_named(server: ConsoleServer) -> None:
    """The hint takes a free one."""
    with pytest.raises(TtOpsError, match=str(server.server_port)) as caught:
        ConsoleServer(server.server_port, Actions(), as_json)  # type: ignore[arg-type]
    assert caught.value.code == "port-taken"
