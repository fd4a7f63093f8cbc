"""The state backend: what a bootstrap refuses, imports and stores, and its removal.

The account is moto's; a small stand-in takes the place of Terraform.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber
from moto import mock_aws

from tasktracker_ops.adapters.aws.deploy_lock import DeployLocks
from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.adapters.aws.state_backend import StateBackend
from tasktracker_ops.adapters.aws.state_files import StateFiles
from tasktracker_ops.adapters.terraform.stack import SavedPlan
from tasktracker_ops.environments import Environment
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.plan import AllowedChanges, Plan, ResourceChange
from tasktracker_ops.output.console import Console
from tasktracker_ops.settings import Settings
from tasktracker_ops.workflows.bootstrap import bootstrap, remove_backend
from tasktracker_ops.workflows.destroy import destroy
from tests.endpoint import make_bucket, make_lock_table
from tests.errors import raises
from tests.states import state

BUCKET, TABLE = "task-tracker-terraform-state", "terraform-locks"
NOTHING = Plan(add=0, change=0, destroy=0, changes=())
MADE = Plan(add=1, change=0, destroy=0, changes=(ResourceChange("aws_s3_bucket.state", "create"),))
LOCKS = ResourceChange("aws_dynamodb_table.locks", "replace", "aws_dynamodb_table")
STATE = b'{"serial": 1}'
READERS = {
    "Sid": "Readers",
    "Effect": "Allow",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": f"arn:aws:s3:::{BUCKET}/*",
}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [READERS]})


@dataclass
class App:
    """The application as the workflows use it, with a fake Terraform."""

    settings: Settings
    session: AwsSession
    plan: Plan = MADE
    work: Callable[[], object] = lambda: None
    variables: dict[str, Any] = field(default_factory=dict)
    applied: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.report = Console(self.settings)
        self.environment = Environment(self.settings.env)
        self.state_backend = StateBackend(self.session, bucket=BUCKET, lock_table=TABLE)
        self.state_files = StateFiles(self.session, bucket=BUCKET, lock_table=TABLE)
        self.deploy_locks = DeployLocks(
            self.session, bucket=BUCKET, state_key=self.settings.state_key
        )
        self.state_file = Path()
        self.stacks = self

    def bootstrap(self, state_file: Path, variables: dict[str, Any], *, command: str) -> App:
        """Return the fake stack; record the variables."""
        self.state_file, self.variables = state_file, variables
        return self

    def recover(self) -> None:
        """No run was killed."""

    def create(self, on_plan: Callable[[Plan], None]) -> Plan:
        """Plan and apply in one run."""
        on_plan(self.plan)
        with self.planned() as saved:
            saved.apply()
        return self.plan

    @contextmanager
    def planned(self, *, destroy: bool = False, lock_timeout: int = 0) -> Iterator[SavedPlan]:
        """Yield a plan whose apply writes the state as Terraform does, and then calls `work`."""

        def apply() -> None:
            self.applied.append("destroy" if destroy else "apply")
            self.state_file.write_bytes(STATE)
            self.work()

        yield SavedPlan(self.plan, apply)

    def make_bucket(self) -> None:
        """Create the bucket as the stack does."""
        make_bucket(self.session.client("s3"), BUCKET)

    def make_table(self) -> None:
        """Create the lock table as the stack does."""
        make_lock_table(self.session.client("dynamodb"), TABLE)

    def stored_state(self) -> bytes | None:
        """Return the bootstrap stack's state in the bucket."""
        file = self.settings.work_dir / "fetched"
        return file.read_bytes() if self.state_backend.fetch_bootstrap_state(file) else None


@pytest.fixture
def app(tmp_path: Path, account: AwsSession) -> Iterator[App]:
    """Yield an empty project and an empty account."""
    with mock_aws():
        yield App(Settings(project_dir=tmp_path), account)


def refused(app: Any) -> TtOpsError:
    """Return the error of a bootstrap that applies nothing."""
    with pytest.raises(TtOpsError) as caught:
        bootstrap(app, approve=lambda plan: None)
    assert app.applied == []
    return caught.value


def test_a_bucket_of_another_account_is_refused(app: Any) -> None:
    """Terraform is not started."""
    with Stubber(app.session.client("s3")) as s3:
        s3.add_client_error("head_bucket", "403", "Forbidden", 403)
        error = refused(app)
    assert error.code == "state-bucket-taken"
    assert error.hint.endswith("task-tracker-terraform-state-123456789012")
    assert app.variables == {}


def test_a_bucket_with_a_policy_of_its_own_is_refused(app: Any) -> None:
    """Bootstrap would replace it, and it may protect data."""
    app.make_bucket()
    app.session.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=POLICY)
    error = refused(app)
    assert error.code == "state-bucket-configured"
    assert f"{BUCKET!r} already has a policy" in error.message


def test_a_bucket_of_a_killed_bootstrap_is_adopted(app: Any) -> None:
    """Its tags are ours, though it has no stored state yet."""
    app.make_bucket()
    s3 = app.session.client("s3")
    s3.put_bucket_policy(Bucket=BUCKET, Policy=POLICY)
    tags = {"ManagedBy": "tt-ops", "Project": "task-tracker"}
    s3.put_bucket_tagging(
        Bucket=BUCKET, Tagging={"TagSet": [{"Key": k, "Value": v} for k, v in tags.items()]}
    )
    bootstrap(app)
    assert app.variables["adopt_bucket"]
    assert app.stored_state() == STATE


def test_the_slower_of_two_first_bootstraps_continues(app: Any) -> None:
    """It plans again with what the other one has made, under the deploy lock."""
    holders: list[Any] = []

    def be_slower() -> None:
        if not app.state_backend.exists().bucket:
            app.make_bucket()
            text = "creating S3 Bucket: BucketAlreadyOwnedByYou"
            raise TtOpsError("terraform-failed", text, hint="again: tt-ops bootstrap")
        holders.append(app.deploy_locks.queue().holder)

    app.work = be_slower
    bootstrap(app)
    assert app.applied == ["apply", "apply"]
    assert holders[0].lock.command == "bootstrap"
    assert app.deploy_locks.queue().holder is None


def test_the_policy_of_our_own_bucket_is_ours(app: Any) -> None:
    """The stored state proves that the bucket is ours."""
    app.make_bucket()
    app.session.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=POLICY)
    app.session.client("s3").put_object(
        Bucket=BUCKET, Key="bootstrap/terraform.tfstate", Body=STATE
    )
    app.plan = NOTHING
    assert bootstrap(app).plan.empty


@pytest.mark.parametrize("action", ["replace", "delete"])
def test_a_table_that_would_have_to_be_deleted_first_is_refused(app: Any, action: str) -> None:
    """A table with another key may belong to others."""
    change = replace(LOCKS, action=action, imported=True)
    app.plan = Plan(add=1, change=0, destroy=1, changes=(change,))
    error = refused(app)
    assert error.code == "state-backend-incompatible"
    for name in (repr(BUCKET), repr(TABLE), "aws_dynamodb_table.locks"):
        assert name in error.message


def test_our_own_table_is_replaced_only_if_allowed(app: Any) -> None:
    """It is refused before the approval; with the table's address it is applied."""
    app.plan = Plan(add=1, change=0, destroy=1, changes=(LOCKS,))
    with pytest.raises(TtOpsError) as caught:
        bootstrap(app, approve=pytest.fail)
    assert (caught.value.code, app.applied) == ("would-destroy", [])
    assert caught.value.hint.endswith("--allow-destroy aws_dynamodb_table.locks")
    bootstrap(app, allowed=AllowedChanges(frozenset({LOCKS.address})))
    assert app.applied == ["apply"]


def test_a_plan_that_is_not_approved_changes_nothing(app: Any) -> None:
    """The approval gets the plan."""
    shown: list[Plan] = []

    def reject(plan: Plan) -> None:
        shown.append(plan)
        raise TtOpsError("not-confirmed", "no", hint="again: tt-ops bootstrap")

    with pytest.raises(TtOpsError):
        bootstrap(app, approve=reject)
    assert (shown, app.applied) == ([MADE], [])


@pytest.mark.parametrize("exists", [False, True])
def test_an_existing_backend_is_imported(app: Any, exists: bool) -> None:
    """The stack's state is stored in the bucket afterwards."""
    if exists:
        app.make_bucket()
        app.make_table()
    else:
        app.work = app.make_bucket
    bootstrap(app)
    assert app.variables == {
        "adopt_bucket": exists,
        "adopt_lock_table": exists,
    }
    assert app.stored_state() == STATE


def test_a_second_run_writes_nothing(app: Any) -> None:
    """Not even a new version of the same state."""
    app.make_bucket()
    app.plan = NOTHING
    bootstrap(app)
    assert app.applied == []
    assert app.stored_state() is None


@pytest.mark.parametrize("made", [False, True])
def test_the_state_of_a_failed_apply_is_stored(app: Any, made: bool) -> None:
    """If the bucket exists; the error is raised."""

    def fail() -> None:
        if made:
            app.make_bucket()
        raise TtOpsError("terraform-failed", "no more tables", hint="again: tt-ops bootstrap")

    app.work = fail
    with pytest.raises(TtOpsError, match="no more tables"):
        bootstrap(app)
    if made:
        assert app.stored_state() == STATE


def test_a_state_that_cannot_be_stored_does_not_hide_the_failure(app: Any) -> None:
    """The same network failure may cause both."""

    def fail() -> None:
        stubber.activate()
        stubber.add_client_error("head_bucket", "403", "Forbidden", 403)
        raise TtOpsError("terraform-failed", "no network", hint="again: tt-ops bootstrap")

    app.work = fail
    stubber = Stubber(app.session.client("s3"))
    with pytest.raises(TtOpsError, match="no network"):
        bootstrap(app)
    stubber.deactivate()


def put_foreign_object(app: Any) -> None:
    """Put another state into the bucket."""
    app.session.client("s3").put_object(Bucket=BUCKET, Key="other/terraform.tfstate")


def put_other_environment(app: Any) -> None:
    """Put the state of another environment into the bucket, which holds a topic."""
    app.session.client("s3").put_object(
        Bucket=BUCKET, Key="infra/staging/terraform.tfstate", Body=state(1, "alerts")
    )


def put_foreign_lock(app: Any) -> None:
    """Put another lock into the table."""
    app.session.client("dynamodb").put_item(
        TableName=TABLE, Item={"LockID": {"S": "other/state-md5"}}
    )


@pytest.mark.parametrize(
    ("put", "code", "quoted"),
    [
        (put_foreign_object, "state-bucket-in-use", "'other/terraform.tfstate'"),
        (put_foreign_lock, "lock-table-in-use", "'other/state-md5'"),
        (put_other_environment, "environments-exist", "'staging'"),
    ],
)
def test_a_backend_that_others_use_is_kept(
    app: App, put: Callable[[Any], None], code: str, quoted: str
) -> None:
    """The removal is refused before the approval and before the deployment is destroyed."""
    app.make_bucket()
    app.make_table()
    put(app)
    with raises(code) as caught:
        destroy(app, approve=pytest.fail, backend=True)
    assert quoted in caught.value.message
    assert app.applied == []


def test_a_backend_is_imported_and_emptied_before_it_is_destroyed(app: Any) -> None:
    """Terraform destroys only what is in its state, and no bucket with versions."""
    app.make_bucket()
    s3 = app.session.client("s3")
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for _ in range(2):
        s3.put_object(Bucket=BUCKET, Key="bootstrap.tfstate", Body=STATE)
    s3.put_object(Bucket=BUCKET, Key="infra/terraform.tfstate.tflock", Body=b"{}")
    s3.delete_object(Bucket=BUCKET, Key="infra/terraform.tfstate.tflock")
    versions: list[int] = []

    def count() -> None:
        found = s3.list_object_versions(Bucket=BUCKET)
        versions.append(sum(len(found.get(kind, ())) for kind in ("Versions", "DeleteMarkers")))

    app.work = count
    remove_backend(app)
    assert app.applied == ["apply", "destroy"]
    assert versions == [4, 0]


def test_removing_a_missing_backend_does_nothing(app: Any) -> None:
    """It is not created in order to be destroyed."""
    remove_backend(app)
    assert app.applied == []
