"""The entry point: fire drills, log lines and imports."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FUNCTION = Path(__file__).parents[2] / "lambda_function"


@pytest.mark.parametrize("route_key", ["ANY /trigger-error", "GET /trigger-error"])
def test_trigger_error_raises_on_its_own_route(api, capsys, route_key: str):
    """GET on the route /trigger-error raises FireDrill, so that Lambda counts an error."""
    event = {**api.event("GET", "/trigger-error"), "routeKey": route_key}
    with pytest.raises(Exception, match="drill") as raised:
        api.send(event)
    assert type(raised.value).__name__ == "FireDrill"
    line = json.loads(capsys.readouterr().out)
    assert (line["level"], line["status"], line["reason"]) == ("ERROR", 500, "FireDrill")
    assert line["route"] == "/trigger-error"


def test_trigger_slow_is_slower_than_its_alarm(api, capsys):
    """The route /trigger-slow answers 200 after more than 1,000 ms."""
    event = {**api.event("POST", "/trigger-slow"), "routeKey": "ANY /trigger-slow"}
    assert api.send(event).status == 200
    assert json.loads(capsys.readouterr().out)["duration_ms"] > 1_000


@pytest.mark.parametrize("drill", ["/trigger-error", "/trigger-slow"])
@pytest.mark.parametrize(
    "route_key", ["$default", "", "ANY", "POST /trigger-error", "ANY /trigger-error/", "any {0}"]
)
def test_drills_need_their_own_route(api, drill: str, route_key: str):
    """Their path on another route answers 404, however it is spelled."""
    for path in (drill, drill.upper(), drill + "/", f"/{drill}", drill.replace("-", "%2D")):
        event = {**api.event("GET", path), "routeKey": route_key.format(drill)}
        assert api.send(event).slug == "route-not-found"


def test_request_is_one_log_line(api, capsys):
    """A request writes one line of JSON, with the route in place of the path."""
    task = api.add()
    capsys.readouterr()
    api("PUT", f"/tasks/{task['task_id']}", {"title": "secret words"})
    (text,) = capsys.readouterr().out.splitlines()
    line = json.loads(text)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line.pop("duration_ms") >= 0
    assert line == {
        "level": "INFO",
        "request_id": "a-request",
        "method": "PUT",
        "route": "/tasks/{task_id}",
        "status": 200,
    }


@pytest.mark.parametrize(
    ("method", "path", "body", "reason"),
    [
        ("POST", "/tasks", {"title": ""}, "invalid-task"),
        ("GET", "/secret", None, "route-not-found"),
        ("GET\n\ud800" + "x" * 99, "/tasks", None, "method-not-allowed"),
    ],
)
def test_problem_is_logged_with_its_slug(
    api, capsys, method: str, path: str, body: Any, reason: str
):
    """A problem is logged by its name; of the request only the method is logged."""
    api(method, path, body)
    (text,) = capsys.readouterr().out.splitlines()
    line = json.loads(text)
    assert (line["reason"], line["method"]) == (reason, method[:16])
    assert "secret" not in text


SECRET = "hunter2"


@pytest.mark.parametrize(
    ("method", "path", "body", "parts"),
    [
        ("POST", "/tasks", {"title": SECRET, "description": SECRET}, {}),
        ("POST", "/tasks", {"title": SECRET, SECRET: 1}, {}),
        ("POST", "/tasks", SECRET, {}),
        ("POST", "/tasks", '{"title": "' + SECRET + "\\u0007\n", {}),
        ("PUT", f"/tasks/{SECRET}", {"title": SECRET}, {}),
        ("GET", "/" + SECRET * 1000, None, {}),
        ("GET", f"/tasks/{SECRET}\x1b[2J\n{{", None, {}),
        ("GET", "/tasks", None, {"query": {"cursor": SECRET}}),
        ("GET", "/tasks", None, {"headers": {"authorization": SECRET, SECRET: SECRET}}),
        ("POST", "/tasks", {"title": "x"}, {"headers": {"Idempotency-Key": SECRET}}),
        ("DELETE", "/tasks/x", None, {"headers": {"If-Match": f'"{SECRET}"'}}),
        ("\n" * 9999, "/\ud800" + SECRET, "\x00" + SECRET, {}),
    ],
)
def test_log_line_has_no_client_data(
    api, capsys, method: str, path: str, body: Any, parts: dict[str, Any]
):
    """Any request is logged as one short line of printable ASCII without its content."""
    api(method, path, body, **parts)
    out, err = capsys.readouterr()
    assert err == ""
    assert SECRET not in out
    assert out.endswith("}\n")
    assert out[:-1].isascii()
    assert out[:-1].isprintable()
    assert len(out) < 500


def test_long_database_error_is_truncated_in_the_log(api, wire, capsys):
    """Only the first line of an SDK error is logged, shortened."""
    wire.inject("garbage")
    assert api("GET", "/tasks").status == 503
    assert len(capsys.readouterr().out) < 500


def test_start_connects_only_inside_lambda():
    """In Lambda the client is made at the start, elsewhere with the first request."""
    code = (
        "import dynamodb, handler, sys;"
        "print(dynamodb.client.cache_info().currsize, 'boto3' in sys.modules)"
    )
    environment = {
        "PYTHONPATH": str(FUNCTION),
        "AWS_DEFAULT_REGION": "eu-west-3",
        "TASKS_TABLE_NAME": "TaskTable",
    }
    for runtime, connected in (({}, "0"), ({"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001"}, "1")):
        run = subprocess.run(
            [sys.executable, "-c", code],
            env=environment | runtime,
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout.split() == [connected, "False"]


def test_function_needs_only_the_sdk():
    """Modules import only each other, the standard library and botocore of the runtime."""
    modules = {path.stem: ast.parse(path.read_text()) for path in FUNCTION.glob("*.py")}
    imported = {
        name.partition(".")[0]
        for tree in modules.values()
        for node in ast.walk(tree)
        for name in _names(node)
    }
    assert imported - set(sys.stdlib_module_names) - set(modules) == {"botocore"}


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []
