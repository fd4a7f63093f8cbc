"""Conditional writes in the emulated S3."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.mark.parametrize("condition", ["IfNoneMatch", "IfMatch"])
def test_one_of_many_writers_passes_a_condition(aws: Any, condition: str) -> None:
    """Each of them would, if it was alone."""
    s3 = aws.client("s3")
    bucket = f"writers-{condition.lower()}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    expected = "*"
    if condition == "IfMatch":
        expected = s3.put_object(Bucket=bucket, Key="lock", Body=b"before")["ETag"]

    def write(number: int) -> str:
        body = str(number).encode()
        try:
            s3.put_object(Bucket=bucket, Key="lock", Body=body, **{condition: expected})
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "written"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(write, range(40)))
    assert sorted(answers) == ["PreconditionFailed"] * 39 + ["written"]
