"""From a clone to a live Task Tracker, on the emulator with the real Terraform.

The tests share one deployment, whose API requires tokens, in this order: access to the API, fire
drills, a change of the code, other ways of access. Nothing fires an alarm before the drills, which
would wait two minutes for it to be OK again.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tasktracker_ops.local.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY

from .conftest import LOCAL, clients, make_backend

if TYPE_CHECKING:
    from .conftest import Clone

_LIMIT = 240.0  # seconds
TOPIC = "arn:aws:sns:eu-west-3:123456789012:task-tracker-alerts"
ORIGIN = "https://app.example.com"
READING = ("GET", "HEAD")
WRITING = ("POST", "PUT", "PATCH", "DELETE")
UNKNOWN = ("PROPFIND",)
PATHS = ("/tasks", "/tasks/x", "/openapi.json", "//tasks", "/", "/health/", "/nowhere")


@pytest.fixture(scope="module")
def clone(make_clone: Callable[..., Clone], issuer: Any) -> Iterator[Clone]:
    """Make a clone whose API takes the tokens of `issuer`; its emulator ends with the module."""
    made = make_clone(
        **LOCAL,
        TF_VAR_api_auth="JWT",
        TF_VAR_jwt_issuer=issuer.url,
        TF_VAR_jwt_audience=json.dumps(["tasks"]),
        TF_VAR_cors_origins=json.dumps([ORIGIN]),
    )
    yield made
    made.run("local", "down")


@pytest.fixture(scope="module")
def public(clone: Clone) -> Clone:
    """Return the clone without the variables of its API."""
    environment = clone.environment.items()
    kept = {name: value for name, value in environment if not name.startswith("TF_VAR_")}
    return dataclasses.replace(clone, environment=kept)


@pytest.fixture(scope="module")
def deployed(clone: Clone) -> Any:
    """Deploy onto a state backend that exists; return the result."""
    make_backend(clone)
    return clone.read("deploy", "--yes")


@pytest.fixture(scope="module")
def live(clone: Clone, deployed: Any) -> Clone:
    """Return the clone that is deployed."""
    assert deployed["deployment"]["api_auth"] == "JWT"
    assert deployed["release"]["checks"] == "partly passed"
    return clone


@pytest.fixture(scope="module")
def api(live: Clone, deployed: Any) -> str:
    """Return the API's address."""
    return str(deployed["deployment"]["api_url"])


@pytest.fixture(scope="module")
def operator(live: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """Return an empty folder with an endpoint and keys, without Terraform."""
    endpoint = live.read("local", "status")["url"]
    nowhere: Path = tmp_path_factory.mktemp("nowhere")
    environment = {
        "HOME": str(nowhere),
        "PATH": "",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
    }
    return type(live)(nowhere, environment)


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


def wait_for_alarms(clone: Clone, reached: Callable[[set[str]], bool]) -> None:
    """Wait until `reached` accepts the states of all alarms, read by boto3."""
    cloudwatch = clients(clone)("cloudwatch")
    deadline = time.monotonic() + _LIMIT
    while not reached({a["StateValue"] for a in cloudwatch.describe_alarms()["MetricAlarms"]}):
        assert time.monotonic() < deadline
        time.sleep(0.5)


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


def test_cli_sends_the_token_of_its_variable(live: Clone, api: str, issuer: Any) -> None:
    """Without it, the error names the variable."""
    token = {"TT_OPS_API_TOKEN": issuer.token("tasks:read tasks:write")}
    task = live.read("tasks", "add", "with a token", **token)
    listed = live.read("tasks", "--api-url", api, "list", **token)
    assert task["task_id"] in [each["task_id"] for each in listed]
    missing = live.run("tasks", "list")
    assert missing.returncode == 4
    assert "TT_OPS_API_TOKEN" in missing.stderr


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


def drill(live: Clone, clone: Clone, command: str) -> Any:
    """Fire a drill; again where an alarm has fired by itself, as of a slow request."""
    while "alarm-firing" in (result := clone.run(command, "--wait", "--output", "json")).stderr:
        wait_for_alarms(live, lambda states: states == {"OK"})
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_drills_deliver_mail(live: Clone, operator: Clone) -> None:
    """Two drills at once fire, send mail and return to OK, without Terraform."""
    live.succeed("local", "confirm")
    wait_for_alarms(live, lambda states: states == {"OK"})
    drills = {
        "LambdaErrorAlarm": (live, "trigger-error"),
        "LambdaDurationAlarm": (operator, "trigger-slow"),
    }
    with ThreadPoolExecutor() as threads:
        running = {
            name: threads.submit(drill, live, clone, command)
            for name, (clone, command) in drills.items()
        }
        wait_for_alarms(live, lambda states: "ALARM" in states)
        firing = operator.run("status", "--exit-code")
    assert firing.returncode == 3
    for name, running_drill in running.items():
        done = running_drill.result()
        assert (done["alarm"], done["complete"], done["problem"]) == (name, True, None)
        assert [step["state"] for step in done["transitions"]] == ["ALARM", "OK"]
        assert [each["state"] for each in done["notifications"]] == ["ALARM", "OK"]
        assert done["notifications"][0]["endpoints"] == ["o…@example.com"]
        fired, ended = (step["after_seconds"] for step in done["transitions"])
        assert 0 <= fired < ended
    assert operator.run("status", "--exit-code").returncode == 0
    subjects = [mail["subject"] for mail in live.read("local", "inbox")["mails"]]
    for name in drills:
        assert f'ALARM: "{name}" in EU (Paris)' in subjects
        assert f'OK: "{name}" in EU (Paris)' in subjects


def test_history_shows_the_drills(operator: Clone) -> None:
    """The history has each transition with its reason, and the notification."""
    history = operator.read("alarms", "--history")["history"]
    assert [event["at"] for event in history] == sorted((e["at"] for e in history), reverse=True)
    fired = [event for event in history if event["new_state"] == "ALARM"]
    assert {event["alarm"] for event in fired} == {"LambdaErrorAlarm", "LambdaDurationAlarm"}
    assert all("was greater than the threshold" in event["reason"] for event in fired)
    assert any(event["succeeded"] and event["action"] == TOPIC for event in history)


def test_code_change_is_a_release(live: Clone, api: str) -> None:
    """An edit is live after a deploy of the code alone."""
    live.edit("lambda_function/api.py", '"status": "ok"', '"status": "edited"')
    release = live.read("deploy", "--code")["release"]
    assert (release["previous"], release["release"], release["outcome"]) == ("1", "2", "proven")
    assert requests.get(f"{api}/health", timeout=10).json()["status"] == "edited"


def test_drills_require_a_signature_under_jwt(api: str, issuer: Any) -> None:
    """The drills accept no token, whatever the rest of the API accepts."""
    url = f"{api}/trigger-slow"
    assert status(url, token=issuer.token("tasks:read tasks:write")) == 403
    assert status(url, headers=signed(url)) == 200


@pytest.mark.extended
def test_iam_requires_a_signature(public: Clone, deployed: Any) -> None:
    """With AWS_IAM the same API refuses every unsigned request, and tt-ops signs."""
    variables = {"TF_VAR_api_auth": "AWS_IAM"}
    result = public.read("deploy", "--yes", **variables)
    deployment = result["deployment"]
    assert (deployment["api_auth"], result["release"]["checks"]) == ("AWS_IAM", "passed")
    assert deployment["api_id"] == deployed["deployment"]["api_id"]
    assert "replace" not in actions(result).values()
    url = deployment["api_url"]
    for path in ("/health", *PATHS):
        assert {status(url + path, method) for method in READING + WRITING} == {403}
    assert status(f"{url}/health", headers=signed(f"{url}/health")) == 200
    assert public.read("tasks", "add", "signed")["title"] == "signed"
    assert public.run("plan", "--detailed-exitcode", **variables).returncode == 0


@pytest.mark.extended
def test_named_option_opens_the_api(public: Clone, deployed: Any) -> None:
    """With --allow-public the same API with the same tasks is public, and the deploy says so."""
    result = public.read("deploy", "--yes", "--allow-public")
    assert (result["deployment"]["api_auth"], result["release"]["checks"]) == ("NONE", "passed")
    assert result["deployment"]["api_id"] == deployed["deployment"]["api_id"]
    done = actions(result)
    assert "replace" not in done.values()
    assert done["aws_apigatewayv2_route.default"] == "update"
    url = result["deployment"]["api_url"] + "/tasks"
    assert requests.get(url, timeout=20).status_code == 200
    preflight = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
    answer = requests.options(url, headers=preflight, timeout=20)
    assert "access-control-allow-origin" not in answer.headers
    again = public.succeed("deploy", "--yes")
    assert "Nothing to do" in again
    assert "The API is public" in again
