"""Stacks with the S3 backend and both its locks, on the emulator."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.local import process as emulator
from tests.endpoint import make_bucket
from tests.errors import raises
from tests.states import KEY, REGION, StateBucket

ONE = 'resource "terraform_data" "one" {}\n'
LOCK_ID = "eb9eaeea-338e-83a7-69df-74972d051811"


class Backend(StateBucket):
    """A state bucket and a lock table on the emulator."""

    @property
    def settings(self) -> dict[str, str | bool]:
        """Return the stack's backend settings."""
        return {
            "bucket": self.name,
            "key": KEY,
            "region": REGION,
            "dynamodb_table": self.table,
            "use_lockfile": True,
            "use_path_style": True,
            "encrypt": True,
        }

    def lock_table_with(self, info: str) -> None:
        """Create the lock in the table, as a run does, or one that has not written it yet."""
        item = {"LockID": {"S": f"{self.name}/{KEY}"}, "Info": {"S": info}}
        self.client("dynamodb").put_item(TableName=self.table, Item=item)

    def unlock(self) -> None:
        """Remove the lock from the table."""
        self.client("dynamodb").delete_item(
            TableName=self.table, Key={"LockID": {"S": f"{self.name}/{KEY}"}}
        )

    def delete_bucket(self) -> None:
        """Delete the state bucket."""
        self.empty()
        self.client("s3").delete_bucket(Bucket=self.name)


@pytest.fixture(scope="module")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the emulator, for all tests of the module."""
    directory = tmp_path_factory.mktemp("aws")
    yield emulator.start(directory, 0).url
    emulator.stop(directory)


@pytest.fixture
def backend(emulated: str) -> Backend:
    """Return an empty state bucket and lock table."""
    name = f"state-{uuid.uuid4()}"
    backend = Backend(emulated, name, name)
    backend.create()
    return backend


@pytest.fixture
def remote(bench: Any, backend: Backend) -> dict[str, Any]:
    """Return the arguments of a stack whose state is in the bucket."""
    aws = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": backend.endpoint,
    }
    return {"backend": backend.settings, "environment": {**bench.environment, **aws}}


@pytest.fixture
def stack(bench: Any, remote: dict[str, Any]) -> Any:
    """Return a stack whose state is in the bucket."""
    bench.write(ONE, backend="s3")
    return bench.stack(**remote)


def test_locked_state_is_an_error_with_holder_and_time(
    bench: Any, stack: Any, backend: Backend
) -> None:
    """The hint is the command that releases the lock."""
    holder = {
        "ID": LOCK_ID,
        "Operation": "OperationTypeApply",
        "Who": "ann@desk",
        "Created": "2026-01-02T03:04:05.609165317Z",
    }
    backend.lock_table_with(json.dumps(holder))
    with raises("state-locked") as caught:
        stack.plan(bench.plan_file)
    assert caught.value.message == (
        "the Terraform state is locked by ann@desk since 2026-01-02 03:04:05 UTC for its apply"
    )
    assert caught.value.hint.endswith(f"tt-ops unlock {LOCK_ID}")


def test_plan_is_retried_when_a_lock_vanishes(bench: Any, stack: Any, backend: Backend) -> None:
    """Terraform prints `unexpected end of JSON input` when two runs meet."""
    stack.runner.initialise()
    backend.lock_table_with("")
    timer = threading.Timer(1.0, backend.unlock)
    timer.start()
    assert stack.plan(bench.plan_file).add == 1
    timer.join()
    assert "unexpected end of JSON input" in bench.log


def test_missing_state_bucket_points_to_bootstrap(bench: Any, stack: Any, backend: Backend) -> None:
    """Both init and plan report it."""
    stack.runner.initialise()
    backend.delete_bucket()
    for marker in (bench.data / "initialised", None):
        with raises("state-bucket-missing") as caught:
            stack.plan(bench.plan_file)
        assert backend.name in caught.value.message
        assert caught.value.hint.endswith("tt-ops bootstrap")
        if marker:
            marker.unlink()


def test_missing_lock_table_points_to_bootstrap(bench: Any, stack: Any, backend: Backend) -> None:
    """It is not reported as a lock."""
    backend.client("dynamodb").delete_table(TableName=backend.table)
    with raises("lock-table-missing") as caught:
        stack.plan(bench.plan_file)
    assert backend.table in caught.value.message


def apply_fails(bench: Any, remote: dict[str, Any], meanwhile: Callable[[], None]) -> TtOpsError:
    """Apply one resource, do something while it is made, and return the error after it."""

    def report(event: Any) -> None:
        if event.kind == "started":
            meanwhile()
            bench.release()

    bench.write(bench.waiting, backend="s3")
    stack = bench.stack(**remote, report=report)
    stack.plan(bench.plan_file)
    with pytest.raises(TtOpsError, match="1 of 1 resources were done") as caught:
        stack.apply(bench.plan_file)
    return caught.value


def test_lock_that_is_not_released_is_an_error(
    bench: Any, remote: dict[str, Any], backend: Backend
) -> None:
    """The hint releases the lock."""
    lock = {"Bucket": backend.name, "Key": f"{KEY}.tflock"}
    error = apply_fails(bench, remote, lambda: backend.client("s3").delete_object(**lock))
    assert error.code == "lock-not-released"
    assert "tt-ops unlock " in error.hint


def test_state_that_cannot_be_saved_is_saved_by_the_next_plan(
    bench: Any, remote: dict[str, Any], backend: Backend
) -> None:
    """Terraform pushes it with the stack's own credentials; nothing is made twice."""
    error = apply_fails(bench, remote, backend.delete_bucket)
    assert error.code == "state-not-saved"
    assert error.hint.endswith("tt-ops deploy")
    assert [p.name for p in bench.module.iterdir()] == ["main.tf"]

    make_bucket(backend.client("s3"), backend.name)
    backend.unlock()
    assert bench.stack(**remote).plan(bench.plan_file).empty
    assert not (bench.data / "errored.tfstate").exists()
