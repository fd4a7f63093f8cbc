"""Sessions: where credentials come from, and how AWS's errors are reported."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber

from tasktracker_ops.adapters.aws.session import AwsError, AwsSession, aws_errors
from tasktracker_ops.errors import ExitCode, TtOpsError
from tasktracker_ops.models.aws_environment import AwsEnvironment

Stub = Callable[[str], Stubber]
User = Callable[..., None]
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}
IDENTITY_XML = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult>
</GetCallerIdentityResponse>"""
OPEN = {"region": "eu-west-3"}
# A call of each service.
CALLS: dict[str, tuple[str, dict[str, str]]] = {
    "apigateway": ("get_account", {}),
    "apigatewayv2": ("get_apis", {}),
    "cloudwatch": ("list_dashboards", {}),
    "dynamodb": ("describe_table", {"TableName": "TaskTable"}),
    "iam": ("get_role", {"RoleName": "role"}),
    "lambda": ("get_function", {"FunctionName": "function"}),
    "logs": ("describe_log_groups", {}),
    "resourcegroupstaggingapi": ("get_resources", {}),
    "s3": ("get_object", {"Bucket": "bucket", "Key": "key"}),
    "sns": ("list_topics", {}),
    "ssm": ("get_parameter", {"Name": "/name"}),
    "sts": ("get_caller_identity", {}),
}


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    """A function that sets the user's variables and files, of which there are none otherwise."""
    import os

    for name in os.environ:
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    def settle(config: str = "", **variables: str) -> None:
        (tmp_path / ".aws").mkdir()
        (tmp_path / ".aws" / "config").write_text(config)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return settle


def failure(session: AwsSession) -> TtOpsError:
    """Return the error of reading the account."""
    with pytest.raises(TtOpsError) as caught:
        _ = session.account_id
    return caught.value


def test_sealed_session_ignores_the_users_settings(user: User, session: AwsSession) -> None:
    """Missing profiles and invalid values do not matter."""
    user(
        config="this is no configuration",
        AWS_PROFILE="missing",
        AWS_ACCESS_KEY_ID="theirs",
        AWS_REGION="nowhere-1",
        AWS_MAX_ATTEMPTS="many",
        AWS_CA_BUNDLE="/nonexistent",
    )
    assert session.credentials().access_key == "AKIDEXAMPLE"
    assert session.client("sts").meta.region_name == "eu-west-3"


def test_keys_in_variables_are_used(user: User) -> None:
    """Together with the token of temporary keys."""
    user(**KEYS, AWS_SESSION_TOKEN="token")
    found = AwsSession(AwsEnvironment(**OPEN)).credentials()
    assert (found.access_key, found.secret_key, found.token) == ("AKIDEXAMPLE", "example", "token")


def test_profile_option_comes_before_keys_in_variables(user: User) -> None:
    """AWS_PROFILE comes after them, as in every AWS tool."""
    config = "[profile mine]\naws_access_key_id = MINE\naws_secret_access_key = example\n"
    user(config, **KEYS, AWS_PROFILE="mine")
    named = AwsSession(AwsEnvironment(**OPEN, profile="mine"))
    assert named.credentials().access_key == "MINE"
    assert AwsSession(AwsEnvironment(**OPEN)).credentials().access_key == "AKIDEXAMPLE"


def test_missing_credentials_are_reported_quickly(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An instance metadata service that drops packets costs less than two seconds."""
    user()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint)
        durations: list[float] = []
        while min(durations, default=2.0) >= 2 and len(durations) < 3:  # the machine may be busy
            started = time.monotonic()
            error = failure(AwsSession(AwsEnvironment(**OPEN)))
            durations.append(time.monotonic() - started)
            assert error.code == "aws-credentials-missing"
    assert min(durations) < 2


SSO = """
[profile sso]
sso_start_url = https://example.awsapps.com/start
sso_region = eu-west-3
sso_account_id = 123456789012
sso_role_name = operator
"""
SOURCELESS = "[profile sso]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = gone\n"
PROCESS = "[profile sso]\ncredential_process = "


@pytest.mark.parametrize(
    ("config", "code", "quoted"),
    [
        ("", "aws-profile-missing", "'sso'|(sso)"),
        ("[profile sso]\naws_access_key_id = only\n", "aws-credentials-missing", "aws_secret"),
        (SSO, "aws-credentials-missing", "SSO"),
        (SOURCELESS, "aws-configuration-invalid", "gone"),
        (PROCESS + "sh -c 'echo no such user >&2; exit 3'", "aws-credentials-missing", "no such"),
        (PROCESS + "/nonexistent/program", "aws-configuration-invalid", "/nonexistent/program"),
        (PROCESS + "echo this is no JSON", "aws-credentials-missing", "is not JSON"),
        ("[profile sso", "aws-configuration-invalid", "config"),
    ],
    ids=["none", "half", "sso", "no source", "failing", "missing", "no JSON", "broken"],
)
def test_profile_without_credentials_is_a_configuration_error(
    user: User, config: str, code: str, quoted: str
) -> None:
    """The message says in one line what is wrong."""
    user(config)
    error = failure(AwsSession(AwsEnvironment(**OPEN, profile="sso")))
    assert (error.code, error.exit_code) == (code, ExitCode.CONFIGURATION)
    assert any(words in error.message for words in quoted.split("|")), error.message
    assert "\n" not in error.message


@pytest.mark.parametrize(
    ("aws_code", "message", "code", "exit_code"),
    [
        ("ExpiredToken", "The security token is expired", "aws-credentials-expired", 4),
        ("ExpiredTokenException", "", "aws-credentials-expired", 4),
        ("InvalidClientTokenId", "The token is invalid.", "aws-credentials-rejected", 4),
        ("SignatureDoesNotMatch", "The signature …", "aws-credentials-rejected", 4),
        ("InvalidSignatureException", "The signature …", "aws-credentials-rejected", 4),
        ("MissingAuthenticationTokenException", "", "aws-credentials-rejected", 4),
        ("InvalidToken", "malformed", "aws-credentials-rejected", 4),
        ("SignatureDoesNotMatch", "Signature expired: 2020…", "clock-wrong", 4),
        ("InvalidSignatureException", "Signature not yet current: …", "clock-wrong", 4),
        ("RequestTimeTooSkewed", "The difference …", "clock-wrong", 4),
        ("AccessDenied", "User: x is not authorized", "aws-access-denied", 4),
        ("AccessDeniedException", "", "aws-access-denied", 4),
        ("403", "Forbidden", "aws-access-denied", 4),
        ("ThrottlingException", "Rate exceeded", "aws-throttled", 1),
        ("SlowDown", "Please reduce your request rate.", "aws-throttled", 1),
        ("InternalFailure", "We are sorry", "aws-error", 1),
    ],
)
def test_error_codes_of_aws_are_mapped(
    session: AwsSession,
    stub: Stub,
    aws_code: str,
    message: str,
    code: str,
    exit_code: int,
) -> None:
    """Credentials and configuration exit with 4, others with 1; AWS's message is quoted."""
    stub("sts").add_client_error("get_caller_identity", aws_code, message, 400)
    with pytest.raises(TtOpsError) as caught, aws_errors("reading the account"):
        session.client("sts").get_caller_identity()
    error = caught.value
    assert (error.code, error.exit_code) == (code, exit_code)
    assert message.rstrip(".") in error.message or code == "aws-credentials-expired"
    assert error.message.startswith("reading the account")
    assert not error.message.endswith(".")


def test_unexpected_error_has_the_request_id(session: AwsSession, stub: Stub) -> None:
    """AWS's support needs it."""
    stub("sts").add_client_error(
        "get_caller_identity",
        "InternalFailure",
        "We are sorry.",
        500,
        response_meta={"RequestId": "4711"},
    )
    with pytest.raises(AwsError) as caught, aws_errors("asking"):
        session.client("sts").get_caller_identity()
    assert caught.value.aws_code == "InternalFailure"
    assert caught.value.message == "asking failed: InternalFailure: We are sorry (request 4711)"


def test_account_is_read_once(user: User, server: Any) -> None:
    """Each client is created once as well."""
    server.will_answer(200, IDENTITY_XML, content_type="text/xml")
    user(**KEYS, AWS_ENDPOINT_URL=server.url)
    session = AwsSession(AwsEnvironment(**OPEN, endpoint_url=server.url))
    assert session.account_id == session.account_id == "123456789012"
    assert len(server.asked) == 1
    assert session.client("sts") is session.client("sts")


def test_unreachable_endpoint_is_an_error(user: User) -> None:
    """It exits with 1; the command of the hint prints no credentials."""
    user(**KEYS, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    error = failure(AwsSession(AwsEnvironment(**OPEN, endpoint_url="http://127.0.0.1:9")))
    assert (error.code, error.exit_code) == ("aws-unreachable", ExitCode.FAILED)
    assert "http://127.0.0.1:9" in error.message
    assert not any(name.lower().startswith("aws_") for name in error.hint.split())


@pytest.mark.parametrize("endpoint", ["nonsense", "http://"])
def test_invalid_endpoint_is_a_configuration_error(user: User, endpoint: str) -> None:
    """The message quotes it."""
    user(**KEYS, AWS_ENDPOINT_URL=endpoint)
    error = failure(AwsSession(AwsEnvironment(**OPEN, endpoint_url=endpoint)))
    assert (error.code, error.exit_code) == ("aws-configuration-invalid", ExitCode.CONFIGURATION)
    assert endpoint in error.message


def test_loopback_endpoint_is_reached_without_a_proxy(user: User, server: Any) -> None:
    """Terraform does the same."""
    server.will_answer(200, IDENTITY_XML, content_type="text/xml")
    user(**KEYS, AWS_ENDPOINT_URL=server.url, HTTP_PROXY="http://127.0.0.1:9")
    session = AwsSession(AwsEnvironment(**OPEN, endpoint_url=server.url))
    assert session.account_id == "123456789012"


def test_throttled_request_is_retried(user: User, server: Any) -> None:
    """Throttling usually ends within a second."""
    throttled = (
        "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error>"
        "</ErrorResponse>"
    )
    server.will_answer(400, throttled, content_type="text/xml")
    server.will_answer(200, IDENTITY_XML, content_type="text/xml")
    user(**KEYS, AWS_ENDPOINT_URL=server.url)
    session = AwsSession(AwsEnvironment(**OPEN, endpoint_url=server.url))
    assert session.account_id == "123456789012"
    assert len(server.asked) == 2


def test_calls_have_a_timeout(session: AwsSession) -> None:
    """Each of four attempts waits ten seconds for data at most."""
    config = session.client("sts").meta.config
    assert (config.read_timeout, config.retries["total_max_attempts"]) == (10, 4)


def test_buckets_of_emulators_are_addressed_by_path(session: AwsSession) -> None:
    """Those of AWS are addressed by host name, which is the default."""
    assert session.client("s3").meta.config.s3 == {}
    emulator = AwsSession(
        AwsEnvironment(
            **OPEN,
            endpoint_url="http://127.0.0.1:9",
            access_key_id="a",
            secret_access_key="b",
            sealed=True,
        )
    )
    assert emulator.client("s3").meta.config.s3 == {"addressing_style": "path"}


class Sent(Exception):
    """A request that is about to be sent: its address and the scope of its signature."""


def sent(client: Any, operation: str, arguments: dict[str, str]) -> tuple[str, str]:
    """Return address and signing scope of a call, which is not sent."""

    def stop(request: Any, **_: Any) -> None:
        signature = request.headers["Authorization"].decode()
        raise Sent(request.url, signature.split(",")[0].partition("/")[2])

    client.meta.events.register("before-send.*.*", stop)
    with pytest.raises(Sent) as caught:
        getattr(client, operation)(**arguments)
    address, scope = caught.value.args
    return address, scope


@pytest.mark.parametrize(
    "region",
    ["eu-west-3", pytest.param("us-east-1", marks=pytest.mark.extended), "cn-north-1"],
)
def test_requests_go_where_all_of_botocore_sends_them(user: User, region: str) -> None:
    """The session does not read the list of all endpoints."""
    user(**KEYS)
    ours = AwsSession(AwsEnvironment(region=region))
    whole = botocore.session.Session()
    for service, (operation, arguments) in CALLS.items():
        client = whole.create_client(service, region_name=region)
        expected = sent(client, operation, arguments)
        assert sent(ours.client(service), operation, arguments) == expected
