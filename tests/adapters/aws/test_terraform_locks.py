"""Terraform's own two locks: read from both places, and removed as they were read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.adapters.aws.terraform_locks import TerraformLocks
from tasktracker_ops.models.lock import TerraformLock

from .conftest import BUCKET, REGION, STATE_KEY, TABLE


@pytest.fixture
def locks(session: AwsSession) -> TerraformLocks:
    """Return the locks of the state under its usual names."""
    return TerraformLocks(session, bucket=BUCKET, table=TABLE, state_key=STATE_KEY)


INFO = {
    "ID": "7d2f",
    "Operation": "OperationTypeApply",
    "Who": "me@host",
    "Created": "2026-01-02T03:04:05.678901234Z",
    "Path": f"{BUCKET}/{STATE_KEY}",
}
HELD = TerraformLock(True, "7d2f", "me@host", "apply", "2026-01-02T03:04:05.678901234Z")


def leave(account: Any, *places: str, info: str | None) -> None:
    """Create a lock in these places, as Terraform does."""
    if "s3" in places:
        account.put_object(Bucket=BUCKET, Key=f"{STATE_KEY}.tflock", Body=info)
    if "dynamodb" in places:
        item = {"LockID": {"S": f"{BUCKET}/{STATE_KEY}"}, **({"Info": {"S": info}} if info else {})}
        keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": REGION}
        boto3.client("dynamodb", **keys).put_item(TableName=TABLE, Item=item)


@pytest.mark.parametrize("info", [None, "{", "[]"])
def test_incomplete_lock_is_held(locks: TerraformLocks, account: Any, info: str | None) -> None:
    """A killed run may leave such a lock."""
    leave(account, "dynamodb", info=info)
    assert locks.lock() == TerraformLock(held=True)


def test_missing_backend_leaves_the_lock_unknown(session: AwsSession, account: Any) -> None:
    """The deployment may use another backend than the settings."""
    for bucket, table in (("elsewhere", TABLE), (BUCKET, "elsewhere")):
        locks = TerraformLocks(session, bucket=bucket, table=table, state_key=STATE_KEY)
        assert locks.lock() == TerraformLock(held=None)


def test_denied_backend_leaves_the_lock_unknown(
    locks: TerraformLocks, stub: Callable[[str], Stubber]
) -> None:
    """Reading the status needs no access to the state."""
    stub("dynamodb").add_client_error("get_item", "AccessDeniedException", "no", 400)
    assert locks.lock() == TerraformLock(held=None)


@pytest.mark.parametrize("places", [("s3", "dynamodb"), ("s3",), ("dynamodb",)])
def test_a_lock_is_read_and_removed_in_both_places(
    locks: TerraformLocks, account: Any, places: tuple[str, ...]
) -> None:
    """Half a lock as well, since Terraform may lock only one; it is named once, with its holder."""
    leave(account, *places, info=json.dumps(INFO))
    assert locks.lock() == HELD
    assert locks.remove(lambda lock: lock.id == "7d2f") == (HELD,)
    assert locks.lock() == TerraformLock(held=False)


def test_a_lock_of_another_run_stays(locks: TerraformLocks, account: Any) -> None:
    """Only the lock that is asked for is removed."""
    leave(account, "s3", info=json.dumps(INFO | {"ID": "1"}))
    leave(account, "dynamodb", info=json.dumps(INFO))
    assert locks.remove(lambda lock: lock.id == "7d2f") == (HELD,)
    assert [lock.id for lock in locks.held()] == ["1"]


def test_a_lock_that_changes_hands_is_not_removed(locks: TerraformLocks, account: Any) -> None:
    """It is removed only as it was read."""

    def taken_meanwhile(lock: TerraformLock) -> bool:
        leave(account, "s3", "dynamodb", info=json.dumps(INFO | {"ID": "new"}))
        return lock.id == "7d2f"

    leave(account, "s3", "dynamodb", info=json.dumps(INFO))
    locks.remove(taken_meanwhile)
    assert {lock.id for lock in locks.held()} == {"new"}
