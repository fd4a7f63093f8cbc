"""What is not emulated is refused by name, so that no client retries it."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

from tasktracker_ops.local.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY


@pytest.mark.parametrize(
    ("service", "action", "arguments"),
    [
        ("sns", "GetDataProtectionPolicy", {"ResourceArn": "arn:aws:sns:eu-west-3:1:any"}),
        ("cloudwatch", "ListMetricStreams", {}),
        ("ssm", "ListOpsMetadata", {}),
        ("dynamodb", "ListGlobalTables", {}),
        (
            "iam",
            "ListPoliciesGrantingServiceAccess",
            {"Arn": "arn:aws:iam::123456789012:role/any", "ServiceNamespaces": ["s3"]},
        ),
        ("lambda", "GetAccountSettings", {}),
        ("lambda", "GetFunctionRecursionConfig", {"FunctionName": "any"}),
        ("apigatewayv2", "GetDeployments", {"ApiId": "any"}),
        ("apigatewayv2", "ImportApi", {"Body": "{}"}),
        ("s3", "GetBucketRequestPayment", {"Bucket": "any"}),
        ("s3", "RenameObject", {"Bucket": "any", "Key": "to", "RenameSource": "/any/from"}),
        ("amplify", "ListApps", {}),
        ("xray", "GetIndexingRules", {}),
    ],
)
def test_an_action_that_is_not_emulated_is_refused(
    aws: Any, service: str, action: str, arguments: dict[str, Any]
) -> None:
    """The error is a 400 in the service's own protocol and names the action.

    Also where moto has no route, no service, or takes it for another action.
    """
    with pytest.raises(ClientError) as caught:
        aws.client(service)._make_api_call(action, arguments)
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert response["Error"]["Code"] == "NotImplemented"
    assert response["Error"]["Message"].startswith(f"{service} {action} is not emulated: ")


def test_a_path_without_an_action_is_refused(aws: Any) -> None:
    """The error names the path."""
    response = requests.get(
        f"{aws.server.url}/2015-03-31/nothing",
        headers={"Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/eu-west-3/lambda/aws4_r"},
        timeout=10,
    )
    assert response.status_code == 400
    assert "lambda GET /2015-03-31/nothing is not emulated" in response.text


def test_a_failure_of_moto_is_refused(aws: Any) -> None:
    """An error 500 would be retried."""
    with pytest.raises(ClientError) as caught:
        aws.client("dynamodb").execute_statement(Statement="SELECT nonsense")
    error = caught.value.response["Error"]
    assert error["Code"] == "NotImplemented"
    assert "dynamodb ExecuteStatement is not emulated: moto fails with " in error["Message"]


def test_an_unknown_bucket_operation_does_not_delete_the_bucket(aws: Any) -> None:
    """moto takes the request for DeleteBucket."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    with pytest.raises(ClientError, match="NotImplemented"):
        s3.delete_bucket_analytics_configuration(Bucket="kept", Id="any")
    assert s3.head_bucket(Bucket="kept")["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_motos_own_api_is_not_served(aws: Any) -> None:
    """It would erase everything, and replay requests to any address."""
    response = requests.post(f"{aws.server.url}/moto-api/reset", timeout=10)
    assert response.status_code == 404


@pytest.mark.parametrize("region", ["xx", "eu-nowhere-1"])
def test_an_unknown_region_is_refused(aws: Any, region: str) -> None:
    """The error is a 400 that quotes the region."""
    for service, operation in [("lambda", "list_functions"), ("sns", "list_topics")]:
        client = boto3.client(
            service,
            region_name=region,
            endpoint_url=aws.server.url,
            aws_access_key_id=ACCESS_KEY_ID,
            aws_secret_access_key=SECRET_ACCESS_KEY,
        )
        with pytest.raises(ClientError) as caught:
            getattr(client, operation)()
        error = caught.value.response["Error"]
        assert error["Code"] == "InvalidRegion"
        assert error["Message"] == f"{service} has no region '{region}'"
