"""Requests to DynamoDB are those of botocore's own client, in every partition and version."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import NoCredentialsError

import dynamodb_client

FUNCTION = Path(dynamodb_client.__file__).parent
ARGUMENTS = {"TableName": "t", "Item": {"task_id": {"S": "é"}, "version": {"N": "1"}}}
# What each request has of its own, and what tells botocore's version.
_VARYING = {"authorization", "x-amz-date", "amz-sdk-invocation-id", "amz-sdk-request", "user-agent"}


class Answers:
    """Answers every request with an empty object, and keeps it; in the place of an HTTP session."""

    def __init__(self) -> None:
        self.requests: list[Any] = []

    def send(self, request: Any, **_: Any) -> AWSResponse:
        """Keep a prepared request."""
        self.requests.append(request)
        return AWSResponse(request.url, 200, {}, SimpleBody(b"{}"))

    def headers(self) -> dict[str, str]:
        """Return the headers of the last request, with names in lower case."""
        found = {name.lower(): value for name, value in self.requests[-1].headers.items()}
        return {
            name: value.decode() if isinstance(value, bytes) else value
            for name, value in found.items()
        }


class SimpleBody:
    """A body that is there already."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> list[bytes]:
        """Return it in one piece."""
        return [self._content]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Set the variables that Lambda sets, and no others of AWS."""
    for name in os.environ:
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name, value in {
        "AWS_REGION": "eu-west-3",
        "AWS_DEFAULT_REGION": "eu-west-3",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_SESSION_TOKEN": "token",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)


def call() -> Answers:
    """Call PutItem with a new client, and return what was sent."""
    client, answers = dynamodb_client.Client(), Answers()
    client.http = answers
    assert client.call("PutItem", ARGUMENTS) == {}
    return answers


def test_request_is_that_of_botocore() -> None:
    """Address, body and headers; the signature is made by the same signer."""
    ours, theirs = call(), Answers()
    client = botocore.session.get_session().create_client("dynamodb")
    client.meta.events.register("before-send.dynamodb", theirs.send)
    client.put_item(**ARGUMENTS)
    mine, botocores = ours.requests[0], theirs.requests[0]
    assert (mine.method, mine.url) == (botocores.method, botocores.url)
    assert json.loads(mine.body) == json.loads(botocores.body)
    headers = [
        {name: value for name, value in each.headers().items() if name not in _VARYING}
        for each in (ours, theirs)
    ]
    assert headers[0] | {"content-length": ""} == headers[1] | {"content-length": ""}
    parts = [each.headers()["authorization"].split(", ")[0] for each in (ours, theirs)]
    assert parts[0] == parts[1]


@pytest.mark.parametrize(
    "region", ["us-east-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1"]
)
def test_each_partition_has_its_address(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    """As botocore has it."""
    monkeypatch.setenv("AWS_REGION", region)
    config = Config(region_name=region)
    client = botocore.session.get_session().create_client("dynamodb", config=config)
    assert call().requests[0].url.rstrip("/") == client.meta.endpoint_url


def test_endpoint_of_the_service_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its variable is before that of all services."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1/")
    assert call().requests[0].url == "http://127.0.0.1:1/"
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:2/")
    assert call().requests[0].url == "http://127.0.0.1:2/"


def test_credentials_are_found_elsewhere_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without those of Lambda, botocore looks for them; without any, the call raises."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    dynamodb_client._other_credentials.cache_clear()
    with pytest.raises(NoCredentialsError):
        call()
    file = tmp_path / "credentials"
    file.write_text("[default]\naws_access_key_id = OTHER\naws_secret_access_key = example\n")
    dynamodb_client._other_credentials.cache_clear()
    assert "Credential=OTHER/" in call().headers()["authorization"]
    dynamodb_client._other_credentials.cache_clear()


@pytest.mark.extended
def test_oldest_sdk_serves_as_well(tmp_path: Path) -> None:
    """The oldest that setup.cfg allows; the runtimes of Lambda have newer ones."""
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(tmp_path / "sdk")]
    subprocess.run([*install, "botocore==1.36.0"], check=True, timeout=120)
    code = (
        "import botocore, dynamodb_client as d; assert botocore.__version__ == '1.36.0';"
        "print(d.Client().call('PutItem', {}))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": f"{tmp_path / 'sdk'}:{FUNCTION}"}
        | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "dynamodb_client.NoAnswer: Could not connect" in run.stderr
