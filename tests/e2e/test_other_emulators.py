"""`--target aws` against something else that answers as AWS: a plain moto server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import boto3
import pytest

if TYPE_CHECKING:
    from .conftest import Clone

pytestmark = pytest.mark.soak  # the provider alone waits a minute for the bucket's rules


@pytest.fixture(scope="module")
def account(make_clone: Callable[..., Clone], endpoint: str) -> Clone:
    """A clone that takes the moto server for its account."""
    return make_clone(
        AWS_ENDPOINT_URL=endpoint,
        AWS_ACCESS_KEY_ID="AKIDEXAMPLE",
        AWS_SECRET_ACCESS_KEY="example",
        AWS_EC2_METADATA_DISABLED="true",
    )


def test_the_whole_life_of_a_deployment(account: Clone, endpoint: str) -> None:
    """bootstrap, deploy, plan, outputs and destroy work; only the API does not answer there."""
    missing = account.run("deploy", "--yes", "--output", "json")
    assert (missing.returncode, json.loads(missing.stderr)["error"]["code"]) == (
        4,
        "alert-email-missing",
    )
    assert account.read("bootstrap")["plan"]["add"] == 7
    assert account.read("bootstrap")["plan"]["changes"] == []
    address = ("--alert-email", "operator@example.com")
    deployed = account.read("deploy", "--yes", "--no-smoke", *address)
    assert deployed["smoke"] == "skipped"
    assert account.run("plan", "--detailed-exitcode", *address).returncode == 0
    assert account.read("outputs")["api_url"].endswith(".amazonaws.com")
    table = boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="eu-west-3",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    ).describe_table(TableName="TaskTable")["Table"]
    assert table["DeletionProtectionEnabled"]
    account.succeed("destroy", "--yes")
    gone = account.run("outputs", "--output", "json")
    assert json.loads(gone.stderr)["error"]["code"] == "not-deployed"
