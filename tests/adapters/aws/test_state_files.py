"""State files and their digests: what is read, and what a write requires."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from botocore.stub import Stubber

from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.adapters.aws.state_files import StateFiles
from tasktracker_ops.errors import TtOpsError
from tests.states import KEY, state

from .conftest import BUCKET, TABLE


@pytest.fixture
def files(session: AwsSession, account: Any) -> StateFiles:
    """The state files of an emulated account, in a bucket with versions."""
    account.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return StateFiles(session, bucket=BUCKET, lock_table=TABLE)


def test_written_state_has_the_digest_that_terraform_expects(files: StateFiles) -> None:
    """Object and digest are written together, and read again."""
    assert files.read(KEY) is None
    assert files.digest(KEY) is None
    content = state(1, "alerts")
    written = files.write(KEY, content, instead_of=None)
    assert files.current(KEY) == written
    assert files.digest(KEY) == hashlib.md5(content, usedforsecurity=False).hexdigest()
    found = files.read(KEY)
    assert found is not None
    assert (found.serial, found.terraform_version) == (1, "1.11.4")
    files.delete_digest(KEY)
    assert files.digest(KEY) is None


def test_write_replaces_only_what_was_read(files: StateFiles) -> None:
    """Neither a new object nor a later one is overwritten."""
    first = files.write(KEY, state(1), instead_of=None)
    files.write(KEY, state(2), instead_of=first)
    for known in (None, first):
        with pytest.raises(TtOpsError) as caught:
            files.write(KEY, state(3), instead_of=known)
        assert caught.value.code == "state-changed"
    files.set_aside(KEY)
    files.write(KEY, state(4), instead_of=None)
    assert [each.delete_marker for each in files.versions(KEY)] == [False, True, False, False]


def test_versions_are_those_of_the_key(files: StateFiles) -> None:
    """Locks and other states have keys that begin like it."""
    written = files.write(KEY, state(1), instead_of=None)
    files.write(f"{KEY}.deploy", b"lock", instead_of=None)
    (version,) = files.versions(KEY)
    assert (version.version_id, version.current) == (written.version_id, True)
    assert version.size == len(written.content)
    assert files.version(KEY, version.version_id) == written
    assert files.version(KEY, "d0a1b2c3-0000-4000-8000-000000000000") is None


def test_damaged_state_is_an_error(files: StateFiles) -> None:
    """The message quotes its key, and says what is wrong."""
    files.write(KEY, state(1)[:50], instead_of=None)
    with pytest.raises(TtOpsError) as caught:
        files.read(KEY)
    assert caught.value.code == "state-corrupted"
    assert f"{KEY!r}" in caught.value.message
    assert "it is not JSON" in caught.value.message


def test_other_refusals_of_a_write_are_errors_of_aws(
    session: AwsSession, stub: Callable[[str], Stubber]
) -> None:
    """They are not taken for another run's write."""
    stub("s3").add_client_error("put_object", "InvalidRequest", "no", 400)
    with pytest.raises(TtOpsError) as caught:
        StateFiles(session, bucket=BUCKET, lock_table=TABLE).write(KEY, b"", instead_of=None)
    assert caught.value.code == "aws-error"
