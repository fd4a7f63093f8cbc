"""The losses of a state on the local target, each followed by real deploys."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.states import KEY, state

if TYPE_CHECKING:
    from .conftest import Aws, Clone

pytestmark = pytest.mark.extended

BUCKET, TABLE = "task-tracker-terraform-state", "terraform-locks"
ITEM = {"LockID": {"S": f"{BUCKET}/{KEY}-md5"}}


def delete_object(aws: Aws) -> None:
    """Delete the state, as `aws s3 rm` does."""
    aws("s3").delete_object(Bucket=BUCKET, Key=KEY)


def damage_object(aws: Aws) -> None:
    """Write half a state over it."""
    aws("s3").put_object(Bucket=BUCKET, Key=KEY, Body=state(1)[:40])


def change_digest(aws: Aws) -> None:
    """Let the digest be another one, as after a write that failed."""
    aws("dynamodb").put_item(TableName=TABLE, Item={**ITEM, "Digest": {"S": "0" * 32}})


def delete_both(aws: Aws) -> None:
    """Delete the state and its digest."""
    delete_object(aws)
    aws("dynamodb").delete_item(TableName=TABLE, Key=ITEM)


def empty_bucket(aws: Aws) -> None:
    """Delete every version of the state."""
    answer = aws("s3").list_object_versions(Bucket=BUCKET, Prefix=KEY)
    for kind in ("DeleteMarkers", "Versions"):
        for each in answer.get(kind, ()):
            aws("s3").delete_object(Bucket=BUCKET, Key=each["Key"], VersionId=each["VersionId"])


LOSSES: dict[str, Callable[[Aws], None]] = {
    "state-deleted": delete_object,
    "state-corrupted": damage_object,
    "state-digest-wrong": change_digest,
    "state-gone": empty_bucket,
}


@pytest.fixture(scope="module")
def deployed(prepared: Clone, aws: Aws) -> Clone:
    """Deploy once; each test leaves the deployment as it was."""
    # As `bootstrap` makes it.
    aws("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    prepared.succeed("deploy", "--yes")
    prepared.succeed("tasks", "add", "first")
    return prepared


def problems(clone: Clone) -> set[str]:
    """Return the codes of what `status` finds wrong with the state."""
    codes = {each["code"] for each in clone.read("status")["problems"]}
    return {code for code in codes if code.startswith("state-")}


def what_exists(aws: Aws) -> dict[str, Any]:
    """Return the ids of what a second stack would have twice."""
    return {
        "apis": [each["ApiId"] for each in aws("apigatewayv2").get_apis()["Items"]],
        "topics": [each["TopicArn"] for each in aws("sns").list_topics()["Topics"]],
        "tables": aws("dynamodb").list_tables()["TableNames"],
    }


def require_sound(clone: Clone, aws: Aws) -> None:
    """Require that object and digest agree, and that a deploy has nothing to do."""
    content = aws("s3").get_object(Bucket=BUCKET, Key=KEY)["Body"].read()
    digest = aws("dynamodb").get_item(TableName=TABLE, Key=ITEM)["Item"]["Digest"]["S"]
    assert digest == hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert problems(clone) == set()
    clone.succeed("plan", "--detailed-exitcode")
    assert [task["title"] for task in clone.read("tasks", "list")] == ["first"]


@pytest.mark.parametrize(("code", "lose"), LOSSES.items(), ids=LOSSES)
def test_one_deploy_heals_a_lost_state(
    deployed: Clone, aws: Aws, code: str, lose: Callable[[Aws], None]
) -> None:
    """It says what it did, and makes no second thing; `status` and `plan` name the loss."""
    before = what_exists(aws)
    lose(aws)
    assert problems(deployed) == {code}
    planned = deployed.run("plan", "--output", "json")
    assert planned.returncode == 1
    assert code in planned.stderr
    healed = deployed.run("deploy", "--yes")
    assert healed.returncode == 0, healed.stderr
    assert KEY in healed.stderr
    assert what_exists(aws) == before
    require_sound(deployed, aws)


def test_deleted_state_without_its_digest_makes_no_second_stack(deployed: Clone, aws: Aws) -> None:
    """Terraform alone would plan to create everything."""
    before = what_exists(aws)
    delete_both(aws)
    assert problems(deployed) == {"state-deleted"}
    deployed.succeed("deploy", "--yes")
    assert what_exists(aws) == before
    require_sound(deployed, aws)


def test_foreign_state_is_replaced_by_the_command_in_the_hint(deployed: Clone, aws: Aws) -> None:
    """A deploy refuses it, and changes nothing."""
    foreign = state(99, lineage="11111111-2222-3333-4444-555555555555")
    aws("s3").put_object(Bucket=BUCKET, Key=KEY, Body=foreign)
    refused = deployed.run("deploy", "--yes")
    assert refused.returncode == 1
    assert aws("s3").get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == foreign
    hint = next(line for line in refused.stderr.splitlines() if line.startswith("Hint:"))
    command = hint.rpartition(": tt-ops ")[2].split()
    deployed.succeed(*command, "--yes")
    require_sound(deployed, aws)
    (current, *_) = deployed.read("state", "versions")["versions"]
    assert (current["resources"], current["problem"]) == (21, None)
    assert current["who"]
