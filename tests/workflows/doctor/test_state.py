"""Checks of the state's bucket and of the locks, on moto's account."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.doctor import Check
from tests.workflows.locking import BUCKET, STATE_KEY, TABLE, App

RunCheck = Callable[[Any, str], Check]


def test_the_bucket_is_versioned_private_and_encrypted(run_check: RunCheck, backend: App) -> None:
    """Each is a check of its own, and one bootstrap fixes all."""
    s3 = backend.session.client("s3")
    checks = ("bucket versions", "bucket privacy")
    assert {(run_check(backend, name).state, run_check(backend, name).fix) for name in checks} == {
        ("failed", "harden it again: tt-ops bootstrap")
    }
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    for number in (3, 4):
        blocks = {name: index < number for index, name in enumerate(names)}
        s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=blocks)
        assert run_check(backend, "bucket privacy").state == ("ok" if number == 4 else "failed")
    assert run_check(backend, "bucket versions").state == "ok"
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]})
    assert run_check(backend, "bucket encryption").detail == "AES256"


@pytest.mark.parametrize(("deployed", "state"), [(False, "warning"), (True, "failed")])
def test_a_missing_backend_is_a_failure_once_something_is_deployed(
    run_check: RunCheck, backend: Any, deployed: bool, state: str
) -> None:
    """Before that, the first deploy makes it."""
    backend.state_backend.bucket = "another"
    backend.deployments = type("Deployments", (), {})()
    missing = TtOpsError("not-deployed", "nothing is deployed", hint="deploy it: tt-ops deploy")

    def read() -> Any:
        if not deployed:
            raise missing
        return None, None

    backend.deployments.get_with_state_record = read
    assert run_check(backend, "lock table").state == "ok"
    assert run_check(backend, "state bucket").state == state


def test_a_lock_by_hand_has_its_reason(run_check: RunCheck, backend: App) -> None:
    """It is a warning: somebody wanted it."""
    assert run_check(backend, "deploy lock").detail == "free"
    backend.lock(reason="a freeze", process=None)
    found = run_check(backend, "deploy lock")
    assert (found.state, found.detail.endswith(": a freeze")) == ("warning", True)


@pytest.mark.parametrize(("age", "state"), [(1, "ok"), (4000, "failed")])
def test_a_run_holds_its_locks_while_it_has_a_heartbeat(
    run_check: RunCheck, backend: App, age: float, state: str
) -> None:
    """So the lock of Terraform that belongs to it is none that was left."""
    backend.lock(age=age)
    info = {"ID": "1d6e", "Operation": "OperationTypeApply", "Who": "ann@desk"}
    backend.session.client("dynamodb").put_item(
        TableName=TABLE,
        Item={"LockID": {"S": f"{BUCKET}/{STATE_KEY}"}, "Info": {"S": json.dumps(info)}},
    )
    assert run_check(backend, "deploy lock").state == state
    found = run_check(backend, "state lock")
    assert (found.state, "ann@desk" in found.detail) == (state, True)
