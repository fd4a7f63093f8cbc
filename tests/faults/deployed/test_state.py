"""Losses of Terraform's state under a deployment that serves."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from math import inf

import pytest

from tests.endpoint import BUCKET, KEY, LOCKS
from tests.faults.account import Account
from tests.faults.proxy import ERROR
from tests.states import state


def _delete_object(account: Account) -> None:
    account.client("s3").delete_object(Bucket=BUCKET, Key=KEY)


def _corrupt(account: Account) -> None:
    text = (account.state_text() or b"")[:1000]
    account.client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=text)


def _change_digest(account: Account) -> None:
    item = {"LockID": {"S": f"{BUCKET}/{KEY}-md5"}, "Digest": {"S": "0" * 32}}
    account.client("dynamodb").put_item(TableName=LOCKS, Item=item)


def _delete_digest(account: Account) -> None:
    key = {"LockID": {"S": f"{BUCKET}/{KEY}-md5"}}
    account.client("dynamodb").delete_item(TableName=LOCKS, Key=key)


def _fail_to_write_the_digest(account: Account) -> None:
    account.change()
    account.proxy.inject("PutItem *-md5", ERROR, times=inf)
    account.run("deploy", "--yes")
    account.proxy.clear()


def _delete_object_and_digest(account: Account) -> None:
    _delete_object(account)
    _delete_digest(account)


def _empty_bucket(account: Account) -> None:
    s3 = account.client("s3")
    listed = s3.list_object_versions(Bucket=BUCKET)
    for each in listed.get("Versions", []) + listed.get("DeleteMarkers", []):
        s3.delete_object(Bucket=BUCKET, Key=each["Key"], VersionId=each["VersionId"])


def _lose_everything(account: Account) -> None:
    _empty_bucket(account)
    _delete_digest(account)


def _put_foreign_state(account: Account) -> None:
    foreign = state(99, lineage="11111111-2222-3333-4444-555555555555")
    account.client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=foreign)


# Each of these answers `status` with a problem, but for the digest that a deploy has repaired.
LOSSES: dict[str, Callable[[Account], None]] = {
    "object": _delete_object,
    "corrupted": _corrupt,
    "digest": _change_digest,
    "digest write": _fail_to_write_the_digest,
    "object and digest": _delete_object_and_digest,
    "bucket": _empty_bucket,
    "everything": _lose_everything,
    "foreign state": _put_foreign_state,
}


@pytest.mark.row("A loss of the state: {lost}")
@pytest.mark.parametrize("lost", LOSSES)
def test_state_is_lost(deployed: Account, lost: str) -> None:
    """Status names it; a deploy heals it, or names the command that does; no task is lost."""
    kept, before = deployed.tasks(), deployed.existing()
    LOSSES[lost](deployed)
    if lost != "digest write":
        status = deployed.run("status", "--output", "json")
        codes = [problem["code"] for problem in json.loads(status.stdout)["problems"]]
        assert any("state" in code or "digest" in code for code in codes), status.stdout
    blocked = deployed.run("deploy", "--yes")
    if blocked.returncode != 0:
        deployed.figures["commands"] = 1
        deployed.succeed(*named_command(blocked.stderr))
        blocked = deployed.succeed("deploy", "--yes")
    deployed.require_deployed(kept)
    assert deployed.existing() == before
    deployed.require_empty_plan()


def named_command(stderr: str) -> list[str]:
    """Return the arguments of the `tt-ops` command at the end of an error's hint."""
    found = re.search(r"Hint:.*tt-ops (.+)", stderr)
    assert found, f"no command is named: {stderr}"
    command = shlex.split(found[1])
    return command if "--yes" in command else [*command, "--yes"]


@pytest.mark.row("`destroy` after the state and all its versions were lost")
def test_destroy_after_a_loss(deployed: Account) -> None:
    """It finds what exists by name and tag, and removes it."""
    _lose_everything(deployed)
    deployed.succeed("destroy", "--confirm", "default")
    deployed.require_nothing()
    assert deployed.locks() == []
