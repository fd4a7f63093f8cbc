"""Access to the API: JWT, then AWS_IAM and NONE, on one API that stays the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tasktracker_ops.local.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY

if TYPE_CHECKING:
    from .conftest import Clone

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
    """Return the headers of a GET that is signed for the emulator's account."""
    request = AWSRequest(method="GET", url=url, data=b'{"title": "x"}')
    credentials = Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY)
    SigV4Auth(credentials, "execute-api", "eu-west-3").add_auth(request)
    return dict(request.headers.items())


@pytest.fixture(scope="module")
def token_variables(issuer: Any) -> dict[str, str]:
    """Return the variables of a deployment with JWT."""
    return {
        "TF_VAR_api_auth": "JWT",
        "TF_VAR_jwt_issuer": issuer.url,
        "TF_VAR_jwt_audience": json.dumps(["tasks"]),
        "TF_VAR_cors_origins": json.dumps([ORIGIN]),
    }


@pytest.fixture(scope="module")
def with_tokens(prepared: Clone, token_variables: dict[str, str]) -> Any:
    """Deploy with JWT; return the result."""
    return prepared.read("deploy", "--yes", **token_variables)


@pytest.fixture(scope="module")
def api(with_tokens: Any) -> str:
    """Return the address of the API, which takes tokens."""
    assert with_tokens["deployment"]["api_auth"] == "JWT"
    assert with_tokens["smoke"] == "partly passed"
    return str(with_tokens["deployment"]["api_url"])


def test_jwt_requires_the_scope_of_the_method(api: str, issuer: Any) -> None:
    """Each method needs its scope, whatever the path; only /health is readable without a token."""
    read, write = issuer.token("tasks:read"), issuer.token("tasks:write")
    for path in PATHS:
        address = api + path
        assert {status(address, method) for method in READING + WRITING + UNKNOWN} == {401}
        assert {status(address, method, read) for method in WRITING + UNKNOWN} == {403}
        assert 403 not in {status(address, method, write) for method in WRITING + UNKNOWN}
    for path in ("/tasks", "/openapi.json"):
        assert {status(api + path, method, read) for method in READING} == {200}
    assert {status(f"{api}/tasks", method, write) for method in READING} == {403}
    assert status(f"{api}/tasks", "POST", write) == 201
    assert status(f"{api}/tasks", "GET", issuer.token("tasks:read", exp=1)) == 401
    assert status(f"{api}/tasks", headers=signed(f"{api}/tasks")) == 401
    assert {status(f"{api}/health", method) for method in READING} == {200}
    assert {status(f"{api}/health", method) for method in WRITING} == {401}


def test_drills_require_a_signature_under_jwt(api: str, issuer: Any) -> None:
    """The drills accept no token, whatever the rest of the API accepts."""
    url = f"{api}/trigger-slow"
    assert status(url, token=issuer.token("tasks:read tasks:write")) == 403
    assert status(url, headers=signed(url)) == 200


def test_cli_sends_the_token_of_its_variable(clone: Clone, api: str, issuer: Any) -> None:
    """A missing, expired or weak token is named in the error."""
    token = {"TT_OPS_API_TOKEN": issuer.token("tasks:read tasks:write")}
    task = clone.read("tasks", "add", "with a token", **token)
    listed = clone.read("tasks", "--api-url", api, "list", **token)
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


def test_named_origins_may_call_the_api(api: str, issuer: Any) -> None:
    """A preflight from a named origin is answered without a token, any other is refused."""
    url = f"{api}/tasks"
    ask = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "if-match"}
    allowed = requests.options(url, headers={"Origin": ORIGIN, **ask}, timeout=20)
    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-origin"] == ORIGIN
    assert "PATCH" in allowed.headers["access-control-allow-methods"].split(",")
    assert "if-match" in allowed.headers["access-control-allow-headers"].split(",")
    foreign = {"Origin": "https://evil.example.com"}
    refused = requests.options(url, headers={**foreign, **ask}, timeout=20)
    assert "access-control-allow-origin" not in refused.headers
    headers = {"Origin": ORIGIN, "Authorization": f"Bearer {issuer.token('tasks:read')}"}
    answer = requests.get(url, headers=headers, timeout=20)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, ORIGIN)
    assert "etag" in answer.headers["access-control-expose-headers"].split(",")
    assert status(url, "GET", headers={"Origin": ORIGIN}) == 401


def test_deploy_refuses_to_open_a_protected_api(clone: Clone, with_tokens: Any) -> None:
    """A deploy without its variables would open the API: it is refused, even with --yes."""
    before = with_tokens["deployment"]
    refused = clone.run("deploy", "--yes", "--output", "json")
    assert refused.returncode == 1
    assert json.loads(refused.stderr)["error"]["code"] == "would-make-public"
    assert clone.read("outputs") == before
    assert status(f"{before['api_url']}/tasks") == 401


@pytest.mark.extended
def test_iam_requires_a_signature(clone: Clone, with_tokens: Any) -> None:
    """With AWS_IAM the same API refuses every unsigned request, and tt-ops signs."""
    variables = {"TF_VAR_api_auth": "AWS_IAM"}
    deployed = clone.read("deploy", "--yes", **variables)
    deployment = deployed["deployment"]
    assert (deployment["api_auth"], deployed["smoke"]) == ("AWS_IAM", "passed")
    assert deployment["api_id"] == with_tokens["deployment"]["api_id"]
    assert "replace" not in actions(deployed).values()
    url = deployment["api_url"]
    for path in ("/health", *PATHS):
        assert {status(url + path, method) for method in READING + WRITING} == {403}
    assert status(f"{url}/health", headers=signed(f"{url}/health")) == 200
    assert clone.read("tasks", "add", "signed")["title"] == "signed"
    assert clone.run("plan", "--detailed-exitcode", **variables).returncode == 0


@pytest.mark.extended
def test_named_option_opens_the_api(clone: Clone, with_tokens: Any) -> None:
    """With --allow-public the same API with the same tasks is public, and the deploy says so."""
    before = with_tokens["deployment"]
    deployed = clone.read("deploy", "--yes", "--allow-public")
    assert (deployed["deployment"]["api_auth"], deployed["smoke"]) == ("NONE", "passed")
    assert deployed["deployment"]["api_id"] == before["api_id"]
    done = actions(deployed)
    assert "replace" not in done.values()
    assert done["aws_apigatewayv2_route.default"] == "update"
    url = deployed["deployment"]["api_url"] + "/tasks"
    assert requests.get(url, timeout=20).status_code == 200
    preflight = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
    answer = requests.options(url, headers=preflight, timeout=20)
    assert "access-control-allow-origin" not in answer.headers
    again = clone.succeed("deploy", "--yes")
    assert "Nothing to do" in again
    assert "The API is public" in again
