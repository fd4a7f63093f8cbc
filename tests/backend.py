"""A state bucket and a lock table, in whatever account a client is of."""

from __future__ import annotations

from typing import Any

from .states import REGION


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
