"""An emulator in the place of AWS: clients of it, a state backend on it, `tt-ops` with it."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3

REGION = "eu-west-3"
BUCKET, KEY, LOCKS = "task-tracker-terraform-state", "infra/terraform.tfstate", "terraform-locks"
KEYS = ("AKIDEXAMPLE", "example")


@cache
def client(service: str, endpoint: str) -> Any:
    """Return a boto3 client of a service."""
    return boto3.Session(*KEYS, region_name=REGION).client(service, endpoint_url=endpoint)


def account(endpoint: str, keys: tuple[str, str] = KEYS) -> dict[str, str]:
    """Return the variables by which the aws target of `tt-ops` is the emulator."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": keys[0],
        "AWS_SECRET_ACCESS_KEY": keys[1],
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def make_bucket(s3: Any, name: str) -> None:
    """Create a bucket."""
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})


def make_lock_table(dynamodb: Any, name: str) -> None:
    """Create a lock table."""
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def make_backend(endpoint: str, bucket: str = BUCKET, locks: str = LOCKS) -> None:
    """Make the state's bucket and lock table; `bootstrap` takes as long as a third of a deploy."""
    s3 = client("s3", endpoint)
    make_bucket(s3, bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    make_lock_table(client("dynamodb", endpoint), locks)
