"""Signed requests hold before what the embedded gateway verifies them with."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tasktracker_ops.adapters.session import AwsSession
from tasktracker_ops.adapters.signing import IamAuth
from tasktracker_ops.adapters.task_client import TaskClient
from tasktracker_ops.local.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tasktracker_ops.local.http_api.call import ApiCall
from tasktracker_ops.local.http_api.signature import Forbidden, verify
from tasktracker_ops.models import AwsEnvironment

REGION = "eu-west-3"


@pytest.fixture
def client(server: Any) -> TaskClient:
    """A client that signs with the one key the gateway knows."""
    server.will_answer(204)
    environment = AwsEnvironment(
        region=REGION,
        access_key_id=ACCESS_KEY_ID,
        secret_access_key=SECRET_ACCESS_KEY,
        sealed=True,
    )
    return TaskClient(server.url, authorise=IamAuth(AwsSession(environment)))


def received(server: Any) -> ApiCall:
    """The last request, as the gateway reads it."""
    request = server.asked[-1]
    path, _, query = request.path.partition("?")
    return ApiCall(
        api_id="abc",
        method=request.method,
        path=path,
        sent_path=path,
        query=query,
        headers=request.headers,
        body=request.body,
        source_ip="127.0.0.1",
        protocol="HTTP/1.1",
    )


@pytest.mark.parametrize(
    "path",
    [
        "health",
        "tasks?limit=2&cursor=a%2Bb%3D%3D",
        "tasks?b=2&a=1&a=0&empty=",
        "tasks/é%20ü",
        "tasks/a%2Fb",
        "tasks/~-_.(x)",
    ],
)
def test_paths_and_queries_are_signed_as_they_are_sent(
    server: Any, client: TaskClient, path: str
) -> None:
    """Encoded once on the wire, and once more in what is signed."""
    client.probe(path)
    assert verify(received(server), REGION)["accessKey"] == ACCESS_KEY_ID


def test_a_body_is_signed(server: Any, client: TaskClient) -> None:
    """Another body under the same signature is refused."""
    server.answers.clear()
    server.will_answer(200, '{"task_id": "1"}', content_type="application/json")
    client.edit("ünï", title="Ünïcode ✓", description="a\nb")
    call = received(server)
    assert json.loads(call.body)["title"] == "Ünïcode ✓"
    assert verify(call, REGION)["accountId"] == "123456789012"
    with pytest.raises(Forbidden):
        verify(replace(call, body=b"{}"), REGION)


def test_the_token_of_temporary_credentials_is_sent_and_signed(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS knows the keys of an assumed role only together with it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a-token")
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    server.will_answer(204)
    session = AwsSession(AwsEnvironment(region=REGION))
    TaskClient(server.url, authorise=IamAuth(session)).probe("health")
    call = received(server)
    assert call.headers["x-amz-security-token"] == "a-token"
    assert "x-amz-security-token" in call.headers["authorization"]
    assert verify(call, REGION)


def test_every_page_is_signed_anew(server: Any, client: TaskClient) -> None:
    """The address of the next page is part of its signature."""
    server.answers.clear()
    server.will_answer(
        200, "[]", content_type="application/json", link='</tasks?cursor=x%3D>; rel="next"'
    )
    server.will_answer(200, "[]", content_type="application/json")
    assert list(client.list()) == []
    assert server.asked[1].path == "/tasks?cursor=x%3D"
    assert verify(received(server), REGION)
