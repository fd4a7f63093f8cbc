"""What answers and is not AWS: captive portals, wrong endpoints; what AWS and emulators do say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tasktracker_ops.adapters.aws.session import AwsError, AwsSession, aws_errors
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.aws_environment import AwsEnvironment

Ask = Callable[..., Any]
PAGE = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><p>Hello<br></body></html>"
XHTML = '<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml"><body/></html>'
ARN = "arn:aws:sns:eu-west-3:123456789012:alerts"
# One operation, or several, of each protocol: JSON, query, REST in JSON and XML.
OPERATIONS: list[tuple[str, str, Mapping[str, Any]]] = [
    ("cloudwatch", "describe_alarms", {}),
    ("cloudwatch", "get_dashboard", {"DashboardName": "d"}),
    ("logs", "filter_log_events", {"logGroupName": "g"}),
    ("ssm", "get_parameter", {"Name": "p"}),
    ("dynamodb", "describe_table", {"TableName": "t"}),
    ("sts", "get_caller_identity", {}),
    ("sns", "list_subscriptions_by_topic", {"TopicArn": ARN}),
    ("lambda", "get_function_configuration", {"FunctionName": "f"}),
    ("apigatewayv2", "get_stage", {"ApiId": "a", "StageName": "s"}),
    ("s3", "get_object", {"Bucket": "bucket", "Key": "k"}),
    ("s3", "get_bucket_versioning", {"Bucket": "bucket"}),
    ("s3", "get_bucket_policy", {"Bucket": "bucket"}),
    ("s3", "put_public_access_block", {"Bucket": "bucket", "PublicAccessBlockConfiguration": {}}),
]


@pytest.fixture
def ask(server: Any) -> Ask:
    """Ask what a server gives for AWS."""
    session = AwsSession(
        AwsEnvironment(
            region="eu-west-3",
            endpoint_url=server.url,
            access_key_id="AKIDEXAMPLE",
            secret_access_key="example",
            sealed=True,
        )
    )

    def call(service: str, operation: str, **arguments: Any) -> Any:
        with aws_errors("asking"):
            return getattr(session.client(service), operation)(**arguments)

    return call


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize(("service", "operation", "arguments"), OPERATIONS)
def test_a_web_page_is_no_answer_of_aws(
    ask: Ask, server: Any, service: str, operation: str, arguments: Mapping[str, Any], status: int
) -> None:
    """Whatever is asked for: nothing is missing, nothing has to be deployed."""
    server.will_answer(status, PAGE, content_type="text/html")
    with pytest.raises(TtOpsError, match=f"what answers is not AWS: status {status}") as caught:
        ask(service, operation, **arguments)
    assert caught.value.code == "aws-unreachable"
    assert len(server.asked) == 1


@pytest.mark.parametrize("body", [XHTML, b"\xff\xfe\x00", "", "Hello", "[]"])
@pytest.mark.parametrize(
    ("service", "operation", "arguments"), OPERATIONS[:7:2], ids=lambda given: str(given)[:30]
)
def test_neither_is_any_other_text(
    ask: Ask,
    server: Any,
    service: str,
    operation: str,
    arguments: Mapping[str, Any],
    body: str | bytes,
) -> None:
    """Nor bytes that are no text, nor nothing at all."""
    server.will_answer(200, body)
    with pytest.raises(TtOpsError, match="what answers is not AWS") as caught:
        ask(service, operation, **arguments)
    assert caught.value.code == "aws-unreachable"


def test_an_error_that_aws_would_name_has_no_name(ask: Ask, server: Any) -> None:
    """A 404 of somebody else's does not say that nothing is deployed."""
    server.will_answer(404, '{"detail": "Not Found"}', content_type="application/json")
    with pytest.raises(TtOpsError, match="what answers is not AWS"):
        ask("ssm", "get_parameter", Name="p")


def test_emulators_say_any_content_type(ask: Ask, server: Any) -> None:
    """JSON as text/html, and no body where there is nothing to say."""
    server.will_answer(200, '{"events": []}', content_type="text/html; charset=utf-8")
    server.will_answer(200, "", content_type="text/html")
    assert ask("logs", "filter_log_events", logGroupName="g")["events"] == []
    assert "ETag" not in ask("s3", "put_object", Bucket="bucket", Key="k")


def test_what_is_kept_in_s3_is_its_owners(ask: Ask, server: Any) -> None:
    """A policy is JSON amid XML, and an object anything."""
    server.will_answer(200, '{"Statement": []}')
    server.will_answer(200, "\x00", content_type="binary/octet-stream")
    assert ask("s3", "get_bucket_policy", Bucket="bucket")["Policy"] == '{"Statement": []}'
    assert ask("s3", "get_object", Bucket="bucket", Key="k")["Body"].read() == b"\x00"


def test_a_gateway_between_is_asked_again(ask: Ask, server: Any) -> None:
    """Its pages are for people."""
    server.will_answer(502, b"<html>\xff", content_type="text/html")
    server.will_answer(200, '{"MetricAlarms": []}')
    assert ask("cloudwatch", "describe_alarms")["MetricAlarms"] == []


def test_a_server_that_keeps_failing_is_quoted_by_its_status(ask: Ask, server: Any) -> None:
    """And not by its page."""
    server.will_answer(503, PAGE)
    with pytest.raises(AwsError) as caught:
        ask("logs", "filter_log_events", logGroupName="g")
    assert caught.value.message == "asking failed: 503: Service Unavailable"
