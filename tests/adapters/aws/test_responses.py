"""Responses of captive portals and wrong endpoints, and those of AWS and emulators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tasktracker_ops.adapters.aws.session import AwsError, AwsSession, aws_errors
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.aws_environment import AwsEnvironment

Call = Callable[..., Any]
PAGE = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><p>Hello<br></body></html>"
XHTML = '<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml"><body/></html>'
ARN = "arn:aws:sns:eu-west-3:123456789012:alerts"
# Operations of each protocol: JSON, query, REST in JSON and XML.
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
def call(server: Any) -> Call:
    """A function that calls an operation of AWS, served by the test's server."""
    session = AwsSession(
        AwsEnvironment(
            region="eu-west-3",
            endpoint_url=server.url,
            access_key_id="AKIDEXAMPLE",
            secret_access_key="example",
            sealed=True,
        )
    )

    def call_operation(service: str, operation: str, **arguments: Any) -> Any:
        with aws_errors("calling"):
            return getattr(session.client(service), operation)(**arguments)

    return call_operation


@pytest.mark.parametrize(("service", "operation", "arguments"), OPERATIONS)
def test_web_page_is_not_from_aws(
    call: Call, server: Any, service: str, operation: str, arguments: Mapping[str, Any]
) -> None:
    """It is not taken for a missing resource, whatever the operation."""
    for status in (200, 404):
        server.answers.clear()
        server.asked.clear()
        server.will_answer(status, PAGE, content_type="text/html")
        message = f"the answer is not from AWS: status {status}"
        with pytest.raises(TtOpsError, match=message) as caught:
            call(service, operation, **arguments)
        assert caught.value.code == "aws-unreachable"
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("service", "operation", "arguments"), OPERATIONS[:7:2], ids=lambda given: str(given)[:30]
)
def test_other_text_is_not_from_aws(
    call: Call, server: Any, service: str, operation: str, arguments: Mapping[str, Any]
) -> None:
    """Neither are invalid bytes or an empty body."""
    for body in (XHTML, b"\xff\xfe\x00", "", "Hello", "[]"):
        server.answers.clear()
        server.will_answer(200, body)
        with pytest.raises(TtOpsError, match="the answer is not from AWS") as caught:
            call(service, operation, **arguments)
        assert caught.value.code == "aws-unreachable", body


def test_error_without_a_code_is_not_from_aws(call: Call, server: Any) -> None:
    """A 404 of another server does not mean that nothing is deployed."""
    server.will_answer(404, '{"detail": "Not Found"}', content_type="application/json")
    with pytest.raises(TtOpsError, match="the answer is not from AWS"):
        call("ssm", "get_parameter", Name="p")


def test_content_type_does_not_matter(call: Call, server: Any) -> None:
    """Emulators send JSON as text/html."""
    server.will_answer(200, '{"events": []}', content_type="text/html; charset=utf-8")
    server.will_answer(200, "", content_type="text/html")
    assert call("logs", "filter_log_events", logGroupName="g")["events"] == []
    assert "ETag" not in call("s3", "put_object", Bucket="bucket", Key="k")


def test_content_of_s3_is_not_checked(call: Call, server: Any) -> None:
    """A policy is JSON in an XML service, and an object may be anything."""
    server.will_answer(200, '{"Statement": []}')
    server.will_answer(200, "\x00", content_type="binary/octet-stream")
    assert call("s3", "get_bucket_policy", Bucket="bucket")["Policy"] == '{"Statement": []}'
    assert call("s3", "get_object", Bucket="bucket", Key="k")["Body"].read() == b"\x00"


def test_error_page_of_a_gateway_is_retried(call: Call, server: Any) -> None:
    """Only its status counts."""
    server.will_answer(502, b"<html>\xff", content_type="text/html")
    server.will_answer(200, '{"MetricAlarms": []}')
    assert call("cloudwatch", "describe_alarms")["MetricAlarms"] == []


def test_lasting_server_error_is_reported_by_status(call: Call, server: Any) -> None:
    """The message does not quote its page."""
    server.will_answer(503, PAGE)
    with pytest.raises(AwsError) as caught:
        call("logs", "filter_log_events", logGroupName="g")
    assert caught.value.message == "calling failed: 503: Service Unavailable"
