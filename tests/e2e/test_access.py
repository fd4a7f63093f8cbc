"""Who may call the API: those who sign, those with a token, everyone; the API stays the same one.

The tests build on each other: each changes the deployment that the one before left.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tasktracker_ops.local.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY

if TYPE_CHECKING:
    from tests.e2e.conftest import Clone

ORIGIN = "https://app.example.com"
READING = ("GET", "HEAD")
WRITING = ("POST", "PUT", "PATCH", "DELETE")
UNKNOWN = ("PROPFIND",)
PATHS = ("/tasks", "/tasks/x", "/openapi.json", "//tasks", "/", "/health/", "/nowhere")


def actions(deployed: Any) -> dict[str, str]:
    """Return what the deploy did to each resource."""
    return {change["address"]: change["action"] for change in deployed["plan"]["changes"]}


def status(
    url: str, method: str = "GET", token: str = "", headers: Mapping[str, str] | None = None
) -> int:
    """Send a request and return the status of the answer."""
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    sent = {**bearer, **(headers or {})}
    return requests.request(method, url, headers=sent, json={"title": "x"}, timeout=20).status_code


def signed(url: str) -> dict[str, str]:
    """Return the headers of a GET that is signed for the embedded account."""
    request = AWSRequest(method="GET", url=url, data=b'{"title": "x"}')
    credentials = Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY)
    SigV4Auth(credentials, "execute-api", "eu-west-3").add_auth(request)
    return dict(request.headers.items())


def test_signatures(clone: Clone) -> None:
    """With AWS_IAM nobody comes in without a signature, and tt-ops signs."""
    deployed = clone.read("deploy", "--yes", TF_VAR_api_auth="AWS_IAM")
    assert (deployed["deployment"]["api_auth"], deployed["smoke"]) == ("AWS_IAM", "passed")
    url = deployed["deployment"]["api_url"]
    for path in ("/health", *PATHS):
        assert {status(url + path, method) for method in READING + WRITING} == {403}
    assert status(f"{url}/health", headers=signed(f"{url}/health")) == 200
    assert clone.read("tasks", "add", "signed")["title"] == "signed"


def test_tokens(clone: Clone, issuer: Any) -> None:
    """With JWT each method wants its scope, whatever the path, and no other method is a way in."""
    before = clone.read("outputs")
    variables = {
        "TF_VAR_api_auth": "JWT",
        "TF_VAR_jwt_issuer": issuer.url,
        "TF_VAR_jwt_audience": json.dumps(["tasks"]),
        "TF_VAR_cors_origins": json.dumps([ORIGIN]),
    }
    deployed = clone.read("deploy", "--yes", **variables)
    planned = clone.run("plan", "--detailed-exitcode", **variables)
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert (deployed["deployment"]["api_auth"], deployed["smoke"]) == ("JWT", "partly passed")
    assert deployed["deployment"]["api_id"] == before["api_id"]
    assert set(actions(deployed).values()) == {"create", "update"}
    url = deployed["deployment"]["api_url"]
    read, write = issuer.token("tasks:read"), issuer.token("tasks:write")
    for path in PATHS:
        address = url + path
        assert {status(address, method) for method in READING + WRITING + UNKNOWN} == {401}
        assert {status(address, method, read) for method in WRITING + UNKNOWN} == {403}
        assert 403 not in {status(address, method, write) for method in WRITING + UNKNOWN}
    for path in ("/tasks", "/openapi.json"):
        assert {status(url + path, method, read) for method in READING} == {200}
    assert {status(f"{url}/tasks", method, write) for method in READING} == {403}
    assert status(f"{url}/tasks", "POST", write) == 201
    assert status(f"{url}/tasks", "GET", issuer.token("tasks:read", exp=1)) == 401
    assert status(f"{url}/tasks", headers=signed(f"{url}/tasks")) == 401
    assert {status(f"{url}/health", method) for method in READING} == {200}
    assert {status(f"{url}/health", method) for method in WRITING} == {401}


def test_drills_take_no_token(clone: Clone, issuer: Any) -> None:
    """They want a signature, whatever the rest of the API takes."""
    url = clone.read("outputs")["api_url"] + "/trigger-slow"
    assert status(url, token=issuer.token("tasks:read tasks:write")) == 403
    assert status(url, headers=signed(url)) == 200


def test_the_command_line_brings_its_token(clone: Clone, issuer: Any) -> None:
    """From its variable; without one, or with one that does not do, it says what is missing."""
    url = clone.read("outputs")["api_url"]
    token = {"TT_OPS_API_TOKEN": issuer.token("tasks:read tasks:write")}
    task = clone.read("tasks", "add", "with a token", **token)
    listed = clone.read("tasks", "--api-url", url, "list", **token)
    assert task["task_id"] in [each["task_id"] for each in listed]
    missing = clone.run("tasks", "list")
    assert missing.returncode == 4
    assert "TT_OPS_API_TOKEN" in missing.stderr
    expired = issuer.token("tasks:read", exp=1)
    late = clone.run("tasks", "list", "--verbose", TT_OPS_API_TOKEN=expired)
    assert (late.returncode, expired in late.stdout + late.stderr) == (1, False)
    assert "the token has expired" in late.stderr
    weak = clone.run("tasks", "rm", "x", TT_OPS_API_TOKEN=issuer.token("tasks:read"))
    assert "tasks:write" in weak.stderr


def test_web_pages(clone: Clone, issuer: Any) -> None:
    """Pages of the named origin may call the API; their browsers ask first, without a token."""
    url = clone.read("outputs")["api_url"] + "/tasks"
    ask = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "if-match"}
    allowed = requests.options(url, headers={"Origin": ORIGIN, **ask}, timeout=20)
    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-origin"] == ORIGIN
    assert "PATCH" in allowed.headers["access-control-allow-methods"].split(",")
    assert "if-match" in allowed.headers["access-control-allow-headers"].split(",")
    stranger = {"Origin": "https://evil.example.com"}
    refused = requests.options(url, headers={**stranger, **ask}, timeout=20)
    assert "access-control-allow-origin" not in refused.headers
    headers = {"Origin": ORIGIN, "Authorization": f"Bearer {issuer.token('tasks:read')}"}
    answer = requests.get(url, headers=headers, timeout=20)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, ORIGIN)
    assert "etag" in answer.headers["access-control-expose-headers"].split(",")
    assert status(url, "GET", headers={"Origin": ORIGIN}) == 401


def test_lost_variables_open_nothing(clone: Clone) -> None:
    """A deploy that would open the API is refused, agreed to or not; the API is as it was."""
    before = clone.read("outputs")
    refused = clone.run("deploy", "--yes", "--output", "json")
    assert refused.returncode == 1
    assert json.loads(refused.stderr)["error"]["code"] == "would-open"
    assert clone.read("outputs") == before
    assert status(f"{before['api_url']}/tasks") == 401
    assert "**🛑 The API asks who calls" in clone.succeed("plan", "--output", "markdown")


def test_everyone(clone: Clone) -> None:
    """Back at NONE it is the same API with the same tasks, open to all, and that is said."""
    before = clone.read("outputs")
    deployed = clone.read("deploy", "--yes", "--allow-public")
    assert (deployed["deployment"]["api_auth"], deployed["smoke"]) == ("NONE", "passed")
    assert deployed["deployment"]["api_id"] == before["api_id"]
    done = actions(deployed)
    assert "replace" not in done.values()
    assert done["aws_apigatewayv2_route.default"] == "update"
    url = deployed["deployment"]["api_url"] + "/tasks"
    titles = {task["title"] for task in requests.get(url, timeout=20).json()}
    assert {"signed", "with a token"} <= titles
    preflight = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
    answer = requests.options(url, headers=preflight, timeout=20)
    assert "access-control-allow-origin" not in answer.headers
    again = clone.succeed("deploy", "--yes")
    assert "Nothing to do" in again
    assert "The API is public" in again
