"""Tokens and signatures are sent to their own API only, and never displayed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.adapters.task_api.authorization import BearerAuth, IamAuth
from tasktracker_ops.adapters.task_api.client import TaskClient
from tasktracker_ops.emulator.gateway.call import ApiCall
from tasktracker_ops.emulator.gateway.signature import Forbidden, verify
from tasktracker_ops.errors import ConfigurationError, TtOpsError
from tasktracker_ops.local.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tasktracker_ops.models.aws_environment import AwsEnvironment

TOKEN = "eyJhbGciOi.eyJzdWIi.c2ln-_"
REGION = "eu-west-3"


def with_token(server: Any) -> TaskClient:
    """A client that sends the token."""
    return TaskClient(server.url, authorise=BearerAuth(TOKEN, server.url))


def failure(api: TaskClient) -> TtOpsError:
    """Return the error of reading a task."""
    with pytest.raises(TtOpsError) as caught:
        api.show("1")
    assert caught.value.code == "api-forbidden"
    assert TOKEN not in caught.value.message + caught.value.hint
    return caught.value


def test_every_request_carries_the_token(server: Any) -> None:
    """As RFC 6750 has it, without a line end after the token."""
    server.will_answer(204)
    TaskClient(server.url, authorise=BearerAuth(f"{TOKEN}\n", server.url)).remove("1")
    assert server.asked[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_link_to_another_origin_gets_no_credentials(server: Any) -> None:
    """The next page of a list may be on another server."""
    elsewhere = server.url.replace("127.0.0.1", "localhost")
    json = {"content_type": "application/json"}

    def authorise(request: Any) -> Any:
        request.headers["X-Key"] = "secret"
        return request

    server.will_answer(200, "[]", **json, link=f'<{elsewhere}/tasks?cursor=x>; rel="next"')
    server.will_answer(200, "[]", **json)
    assert list(TaskClient(server.url, authorise=authorise).list()) == []
    assert ["x-key" in asked.headers for asked in server.asked] == [True, False]


def test_redirect_is_not_followed(server: Any) -> None:
    """It is an error, and nothing is sent to its target."""
    elsewhere = server.url.replace("127.0.0.1", "localhost")
    server.will_answer(307, location=f"{elsewhere}/tasks")
    with pytest.raises(TtOpsError) as caught:
        with_token(server).add("x")
    assert caught.value.code == "api-answer-unreadable"
    assert len(server.asked) == 1


@pytest.mark.parametrize("token", ["two words", f"Bearer {TOKEN}", "a\r\nb: c", "é", "  "])
def test_invalid_token_is_refused_without_a_quote(token: str) -> None:
    """A part of it may be a token."""
    with pytest.raises(ConfigurationError) as caught:
        BearerAuth(token, "https://api.example.com")
    assert caught.value.code == "api-token-invalid"
    assert token.strip() not in caught.value.message or not token.strip()


def test_token_is_not_sent_without_https() -> None:
    """Plain http is allowed on this machine only."""
    with pytest.raises(ConfigurationError) as caught:
        BearerAuth(TOKEN, "http://api.example.com")
    assert caught.value.code == "api-token-exposed"
    assert "'http://api.example.com'" in caught.value.message


def test_token_is_not_in_the_repr() -> None:
    """Nor in the text."""
    auth = BearerAuth(TOKEN, "https://api.example.com")
    assert TOKEN not in f"{auth!r} {auth}"


@pytest.mark.parametrize(("status", "words"), [(401, "new token"), (403, "the scope tasks:read:")])
def test_refused_token_has_a_hint(server: Any, status: int, words: str) -> None:
    """A new token is needed, or one with another scope."""
    server.will_answer(status, '{"message":"Unauthorized"}', content_type="application/json")
    assert words in failure(with_token(server)).hint


def test_missing_scope_is_named_in_the_hint(server: Any) -> None:
    """A write needs the scope tasks:write."""
    server.will_answer(403, '{"message":"Forbidden"}', content_type="application/json")
    with pytest.raises(TtOpsError) as caught:
        with_token(server).add("first")
    assert "the scope tasks:write:" in caught.value.hint


def test_reason_of_the_gateway_is_in_the_message(server: Any) -> None:
    """It comes from a header."""
    challenge = 'Bearer scope="" error="invalid_token" error_description="the token has expired"'
    server.will_answer(401, '{"message":"Unauthorized"}', www_authenticate=challenge)
    assert failure(with_token(server)).message.endswith("401 Unauthorized (the token has expired)")


def test_missing_token_has_a_hint(server: Any) -> None:
    """If the API requires one."""
    server.will_answer(401, '{"message":"Unauthorized"}', www_authenticate="Bearer")
    assert failure(TaskClient(server.url)).hint.endswith(": export TT_OPS_API_TOKEN=TOKEN")


def test_refused_signature_has_a_hint(server: Any) -> None:
    """Its command shows the identity."""
    server.will_answer(403, '{"message":"Forbidden"}', content_type="application/json")

    def sign(request: Any) -> Any:
        request.headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=x"
        return request

    api = TaskClient(server.url, authorise=sign)
    assert failure(api).hint.endswith(": aws sts get-caller-identity")


@pytest.fixture
def signing(server: Any) -> TaskClient:
    """A client that signs with the key that the gateway knows."""
    server.will_answer(204)
    environment = AwsEnvironment(
        region=REGION,
        access_key_id=ACCESS_KEY_ID,
        secret_access_key=SECRET_ACCESS_KEY,
        sealed=True,
    )
    return TaskClient(server.url, authorise=IamAuth(AwsSession(environment)))


def received(server: Any) -> ApiCall:
    """The last request, as a call of the gateway."""
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
    server: Any, signing: TaskClient, path: str
) -> None:
    """The signed path is encoded once more than the sent one."""
    signing.probe(path)
    assert verify(received(server), REGION)["accessKey"] == ACCESS_KEY_ID


def test_body_is_signed(server: Any, signing: TaskClient) -> None:
    """Another body with the same signature is refused."""
    server.answers.clear()
    server.will_answer(200, '{"task_id": "1"}', content_type="application/json")
    signing.edit("ünï", title="Ünïcode ✓", description="a\nb")
    call = received(server)
    assert json.loads(call.body)["title"] == "Ünïcode ✓"
    assert verify(call, REGION)["accountId"] == "123456789012"
    with pytest.raises(Forbidden):
        verify(replace(call, body=b"{}"), REGION)


def test_token_of_temporary_credentials_is_signed(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys of an assumed role are only valid with it."""
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


def test_every_page_is_signed(server: Any, signing: TaskClient) -> None:
    """Each signature covers the address of its page."""
    server.answers.clear()
    server.will_answer(
        200, "[]", content_type="application/json", link='</tasks?cursor=x%3D>; rel="next"'
    )
    server.will_answer(200, "[]", content_type="application/json")
    assert list(signing.list()) == []
    assert server.asked[1].path == "/tasks?cursor=x%3D"
    assert verify(received(server), REGION)
