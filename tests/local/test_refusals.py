"""What is not emulated is refused, so that no client tries it again."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tasktracker_ops.local.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY


@pytest.mark.parametrize(
    ("service", "action"),
    [
        ("sns", "GetDataProtectionPolicy"),
        ("cloudwatch", "ListMetricStreams"),
        ("ssm", "ListOpsMetadata"),
        ("dynamodb", "ListGlobalTables"),
        ("iam", "ListPoliciesGrantingServiceAccess"),
    ],
)
def test_an_action_that_is_not_emulated(aws: Any, service: str, action: str) -> None:
    """It is a 400 in the service's own protocol, which names the action."""
    client = aws.client(service)
    arguments = {
        "GetDataProtectionPolicy": {"ResourceArn": "arn:aws:sns:eu-west-3:123456789012:any"},
        "ListPoliciesGrantingServiceAccess": {
            "Arn": "arn:aws:iam::123456789012:role/any",
            "ServiceNamespaces": ["s3"],
        },
    }.get(action, {})
    with pytest.raises(ClientError) as caught:
        client._make_api_call(action, arguments)
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert response["Error"]["Code"] == "NotImplemented"
    assert response["Error"]["Message"].startswith(f"{service} {action} is not emulated")


@pytest.mark.parametrize("region", ["xx", "eu-nowhere-1"])
def test_a_region_that_is_none(aws: Any, region: str) -> None:
    """It is a 400 that quotes the region, whatever the service."""
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
