"""`AWS_IAM` routes admit what botocore signed with a known key, and nothing else."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.adapters.task_api.authorization import IamAuth
from tasktracker_ops.adapters.task_api.client import TaskClient
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.local.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tasktracker_ops.models.aws_environment import AwsEnvironment

FORBIDDEN = {"message": "Forbidden"}
OURS = Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY)


@pytest.fixture(scope="module")
def iam_api(aws: Any, function: Any) -> Any:
    """An API whose only route requires a signature."""
    return aws.api(function, auth="AWS_IAM")


def _sign(
    url: str,
    method: str = "GET",
    body: bytes = b"",
    *,
    credentials: Credentials = OURS,
    service: str = "execute-api",
    region: str = "eu-west-3",
) -> requests.PreparedRequest:
    request = AWSRequest(method=method, url=url, data=body, headers={"X-Custom": "a  b"})
    SigV4Auth(credentials, service, region).add_auth(request)
    return request.prepare()  # type: ignore[no-any-return]


def _send(prepared: Any) -> requests.Response:
    return requests.request(
        prepared.method, prepared.url, headers=prepared.headers, data=prepared.body, timeout=10
    )


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/trigger-error", b""),
        ("GET", "/a%20b/%C3%A9?b=2&a=1&a=0&empty=&plus=a%2Bb", b""),
        ("POST", "/tasks", b'{"title": "x"}'),
        ("PUT", "/tasks/1", b"\x00\xff"),
    ],
)
def test_a_signed_request_is_accepted(iam_api: Any, method: str, path: str, body: bytes) -> None:
    """The event names the caller."""
    response = _send(_sign(iam_api.url + path, method, body))
    assert response.status_code == 200
    caller = response.json()["requestContext"]["authorizer"]["iam"]
    assert caller["accessKey"] == ACCESS_KEY_ID
    assert caller["accountId"] == "123456789012"
    assert caller["userArn"] == "arn:aws:iam::123456789012:root"


def test_requests_of_tt_ops_are_accepted(iam_api: Any) -> None:
    """Queries, encoded paths and bodies included."""
    environment = AwsEnvironment(
        region="eu-west-3",
        access_key_id=ACCESS_KEY_ID,
        secret_access_key=SECRET_ACCESS_KEY,
        sealed=True,
    )
    client = TaskClient(iam_api.url, authorise=IamAuth(AwsSession(environment)))
    for path in ("trigger-error", "tasks?cursor=a%2Bb%3D&limit=2", "tasks/é%20%2Fü"):
        assert client.probe(path).status_code == 200
    with pytest.raises(TtOpsError) as caught:
        client.add({"title": "Ünïcode ✓"})
    # It got as far as the function, which is none of tasks.
    assert caught.value.code == "api-answer-unreadable"
    assert TaskClient(iam_api.url).probe("trigger-error").status_code == 403


def test_an_unsigned_request_is_forbidden(iam_api: Any) -> None:
    """A request without a signature is Forbidden."""
    response = iam_api.call("/")
    assert (response.status_code, response.json()) == (403, FORBIDDEN)


@pytest.mark.parametrize(
    "how",
    [
        {"credentials": Credentials(ACCESS_KEY_ID, "another secret")},
        {"credentials": Credentials("AKIANOBODY", SECRET_ACCESS_KEY)},
        {"service": "s3"},
        {"region": "us-east-1"},
    ],
)
def test_a_wrong_signature_is_forbidden(iam_api: Any, how: dict[str, Any]) -> None:
    """Secret, key, service and region must all be right."""
    response = _send(_sign(iam_api.url + "/", **how))
    assert (response.status_code, response.json()) == (403, FORBIDDEN)


@pytest.mark.parametrize(
    "change",
    [
        {"url": "/other"},
        {"url": "/path?a=2"},
        {"method": "DELETE"},
        {"body": b"another body"},
        {"headers": {"Host": "127.0.0.1"}},  # without the port
        {"headers": {"X-Custom": "changed"}},
        {"headers": {"X-Amz-Added": "unsigned"}},
        {"headers": {"Authorization": "AWS4-HMAC-SHA256 nonsense"}},
        {"headers": {"X-Amz-Date": "yesterday"}},
    ],
)
def test_a_request_changed_after_signing_is_forbidden(iam_api: Any, change: dict[str, Any]) -> None:
    """Path, query, method, body and signed headers are covered."""
    prepared = _sign(f"{iam_api.url}/path?a=1", "POST", b"body")
    if "X-Custom" not in change.get("headers", {}):
        assert _send(prepared).status_code == 200
    prepared.url = iam_api.url + change.get("url", "/path?a=1")
    prepared.method = change.get("method", "POST")
    prepared.body = change.get("body", b"body")
    for name, value in change.get("headers", {}).items():
        prepared.headers.pop(name, None)
        prepared.headers[name] = value
    assert _send(prepared).status_code == 403


@pytest.mark.parametrize(("minutes", "status"), [(-6, 403), (-4, 200), (4, 200), (6, 403)])
def test_a_signature_is_valid_for_five_minutes(
    iam_api: Any, monkeypatch: pytest.MonkeyPatch, minutes: int, status: int
) -> None:
    """On either side of its date."""
    at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=minutes)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_: at.replace(tzinfo=None))
    assert _send(_sign(iam_api.url + "/")).status_code == status


def test_other_authorizers_refuse_every_call(aws: Any, function: Any) -> None:
    """A route with an authorizer that is not emulated answers 401."""
    api = aws.api(function, auth="JWT")
    response = api.call("/", headers={"Authorization": "Bearer x"})
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})
