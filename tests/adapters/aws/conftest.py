"""What the tests of the AWS adapters share.

`account`: an account in this process with a state bucket and a lock table, both empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

BUCKET, TABLE, REGION = "task-tracker-terraform-state", "terraform-locks", "eu-west-3"
STATE_KEY = "infra/terraform.tfstate"


@pytest.fixture
def account() -> Iterator[Any]:
    """Yield the S3 client of an emulated account with an empty bucket and lock table."""
    with mock_aws():
        keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": REGION}
        client = boto3.client("s3", **keys)
        client.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        boto3.client("dynamodb", **keys).create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client
