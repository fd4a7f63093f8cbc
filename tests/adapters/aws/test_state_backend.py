"""The state bucket and the lock table: existence, owner, region, content and lock."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.adapters.aws.state_backend import BackendExistence, StateBackend
from tasktracker_ops.errors import ConfigurationError, ExitCode, TtOpsError

from .conftest import BUCKET, REGION, STATE_KEY, TABLE

OWNED = {"Bucket": BUCKET, "ExpectedBucketOwner": "123456789012"}


@pytest.fixture
def backend(session: AwsSession) -> StateBackend:
    """The backend under its usual names."""
    return StateBackend(session, bucket=BUCKET, lock_table=TABLE)


@pytest.fixture
def s3(stub: Callable[[str], Stubber]) -> Stubber:
    """The stub of S3."""
    return stub("s3")


def failure(backend: StateBackend) -> ConfigurationError:
    """Return the error of looking for the backend."""
    with pytest.raises(ConfigurationError) as caught:
        backend.exists()
    assert caught.value.exit_code == ExitCode.CONFIGURATION
    assert repr(BUCKET) in caught.value.message
    return caught.value


def test_existing_parts_are_found(account: Any, backend: StateBackend, session: AwsSession) -> None:
    """A backend is complete when both parts exist."""
    existence = backend.exists()
    assert existence == BackendExistence(bucket=True, lock_table=True)
    assert existence.complete
    existence = StateBackend(session, bucket=BUCKET, lock_table="another").exists()
    assert existence == BackendExistence(bucket=True, lock_table=False)
    assert not existence.complete


def test_bucket_of_another_account_is_an_error(backend: StateBackend, s3: Stubber) -> None:
    """S3 answers 403; the hint proposes a name with the account's number."""
    s3.add_client_error("head_bucket", "403", "Forbidden", 403, expected_params=OWNED)
    error = failure(backend)
    assert error.code == "state-bucket-taken"
    assert error.hint.endswith(
        ": tt-ops bootstrap --state-bucket task-tracker-terraform-state-123456789012"
    )


def test_bucket_in_another_region_is_an_error(backend: StateBackend, s3: Stubber) -> None:
    """botocore follows to the region, but Terraform would fail."""
    s3.add_response("head_bucket", {"BucketRegion": "us-east-1"}, OWNED)
    error = failure(backend)
    assert error.code == "state-bucket-elsewhere"
    assert "us-east-1" in error.message
    assert "eu-west-3" in error.message
    assert error.hint.endswith("-123456789012-eu-west-3")


def test_redirect_without_a_region_is_an_error(backend: StateBackend, s3: Stubber) -> None:
    """S3 answers 301 where it does not name the region."""
    s3.add_client_error("head_bucket", "301", "Moved Permanently", 301, expected_params=OWNED)
    assert failure(backend).code == "state-bucket-elsewhere"


def test_missing_bucket_is_no_error(backend: StateBackend, s3: Stubber, stub: Any) -> None:
    """S3 answers 404 without a body."""
    s3.add_client_error("head_bucket", "404", "Not Found", 404, expected_params=OWNED)
    stub("dynamodb").add_client_error("describe_table", "ResourceNotFoundException")
    assert backend.exists() == BackendExistence(bucket=False, lock_table=False)


def test_denied_access_to_the_table_is_not_a_missing_table(
    backend: StateBackend, s3: Stubber, stub: Any
) -> None:
    """A bootstrap must not create another table."""
    s3.add_response("head_bucket", {"BucketRegion": REGION}, OWNED)
    stub("dynamodb").add_client_error("describe_table", "AccessDeniedException", "no", 400)
    with pytest.raises(ConfigurationError) as caught:
        backend.exists()
    assert caught.value.code == "aws-access-denied"
    assert repr(TABLE) in caught.value.message


def test_bootstrap_state_is_stored_in_the_bucket(
    account: Any, backend: StateBackend, tmp_path: Path
) -> None:
    """Before that, nothing is fetched and no file is written."""
    file = tmp_path / "state"
    assert not backend.fetch_bootstrap_state(file)
    assert not file.exists()
    file.write_bytes(b'{"serial": 1}')
    backend.store_bootstrap_state(file)
    file.unlink()
    assert backend.fetch_bootstrap_state(file)
    assert file.read_bytes() == b'{"serial": 1}'


def test_truncated_state_is_not_written(
    backend: StateBackend, stub: Callable[[str], Stubber], tmp_path: Path
) -> None:
    """Half a state is worse than none, and a broken connection no matter of configuration."""
    body = StreamingBody(BytesIO(b"half"), content_length=100)
    stub("s3").add_response("get_object", {"Body": body})
    with pytest.raises(TtOpsError) as caught:
        backend.fetch_bootstrap_state(tmp_path / "state")
    assert (caught.value.code, caught.value.exit_code) == ("aws-unreachable", ExitCode.FAILED)
    assert not (tmp_path / "state").exists()


def test_outputs_of_a_state_are_texts(account: Any, backend: StateBackend) -> None:
    """Without a state there are none; a damaged one is named, with its versions."""
    assert backend.outputs("infra/github.tfstate") == {}
    content = b'{"outputs": {"role": {"value": "arn"}}}'
    account.put_object(Bucket=BUCKET, Key="infra/github.tfstate", Body=content)
    assert backend.outputs("infra/github.tfstate") == {"role": "arn"}
    for damaged in (content[:-1], b"[]", b'{"outputs": {"role": {}}}'):
        account.put_object(Bucket=BUCKET, Key="infra/github.tfstate", Body=damaged)
        with pytest.raises(TtOpsError, match=r"the state 'infra/github\.tfstate'") as caught:
            backend.outputs("infra/github.tfstate")
        assert caught.value.code == "state-corrupted"
        assert caught.value.hint.endswith(f" --bucket {BUCKET} --prefix infra/github.tfstate")


def test_foreign_objects_are_listed(account: Any, backend: StateBackend) -> None:
    """Up to ten, without the project's own states, locks, releases and packages."""
    for key in (
        STATE_KEY,
        f"{STATE_KEY}.tflock",
        f"{STATE_KEY}.deploy",
        f"{STATE_KEY}.deploy.waiting/20260102T030405Z-1",
        f"{STATE_KEY}.releases/000001.json",
        f"{STATE_KEY}.packages/function.zip",
        "bootstrap/terraform.tfstate",
    ):
        account.put_object(Bucket=BUCKET, Key=key)
    assert backend.foreign_objects(STATE_KEY) == []
    for number in range(12):
        account.put_object(Bucket=BUCKET, Key=f"theirs/{number:02}")
    assert backend.foreign_objects(STATE_KEY) == [f"theirs/{n:02}" for n in range(10)]


def test_locks_of_other_states_are_listed(
    account: Any, backend: StateBackend, session: AwsSession
) -> None:
    """A table called `terraform-locks` is often shared by several projects."""
    dynamodb = session.client("dynamodb")
    for lock in (f"{BUCKET}/{STATE_KEY}-md5", f"{BUCKET}/{STATE_KEY}"):
        dynamodb.put_item(TableName=TABLE, Item={"LockID": {"S": lock}})
    assert backend.foreign_locks() == []
    dynamodb.put_item(TableName=TABLE, Item={"LockID": {"S": f"{BUCKET}-2/state-md5"}})
    assert backend.foreign_locks() == [f"{BUCKET}-2/state-md5"]


@pytest.mark.parametrize(
    ("statements", "foreign"),
    [
        ([{"Sid": "TlsOnly"}], False),
        ({"Sid": "TlsOnly"}, False),
        ({}, True),
        ([{"Sid": "TlsOnly"}, {"Sid": "Readers"}], True),
    ],
)
def test_foreign_policy_is_detected(
    account: Any, backend: StateBackend, statements: Any, foreign: bool
) -> None:
    """The project's own policy is not foreign, even if the stack's state was lost."""
    assert backend.foreign_settings() == []
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    account.put_bucket_policy(Bucket=BUCKET, Policy=policy)
    assert backend.foreign_settings() == (["a policy"] if foreign else [])


def test_foreign_rules_and_keys_are_detected(account: Any, backend: StateBackend) -> None:
    """Settings other than the project's own are not replaced silently."""

    def expire(rule_id: str) -> None:
        rule = {"ID": rule_id, "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 9}}
        account.put_bucket_lifecycle_configuration(
            Bucket=BUCKET, LifecycleConfiguration={"Rules": [rule]}
        )

    def encrypt(algorithm: str) -> None:
        default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm}}
        account.put_bucket_encryption(
            Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [default]}
        )

    expire("expire-old-versions")
    encrypt("AES256")
    assert backend.foreign_settings() == []
    expire("keep-it-short")
    encrypt("aws:kms")
    assert backend.foreign_settings() == ["lifecycle rules", "encryption with a KMS key"]


def test_denied_policy_is_an_error(backend: StateBackend, stub: Callable[[str], Stubber]) -> None:
    """It is not taken for a missing policy."""
    stub("s3").add_client_error("get_bucket_tagging", "NoSuchTagSet", "none", 404)
    stub("s3").add_client_error("get_bucket_policy", "AccessDenied", "no", 403)
    with pytest.raises(ConfigurationError) as caught:
        backend.foreign_settings()
    assert caught.value.code == "aws-access-denied"
