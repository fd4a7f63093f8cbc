"""Making and removing the state backend: what is refused, adopted and remembered.

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

from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.adapters.aws.state_backend import StateBackend
from tasktracker_ops.adapters.terraform.stack import SavedPlan
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.aws_environment import AwsEnvironment
from tasktracker_ops.models.plan import AllowedChanges, Plan, ResourceChange
from tasktracker_ops.output.console import Console
from tasktracker_ops.settings import Settings
from tasktracker_ops.workflows.bootstrap import bootstrap, remove_backend
from tasktracker_ops.workflows.destroy import destroy

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
    """What the workflows see of the application, with a Terraform that does as it is told."""

    settings: Settings
    session: AwsSession
    plan: Plan = MADE
    work: Callable[[], object] = lambda: None
    variables: dict[str, Any] = field(default_factory=dict)
    applied: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.report = Console(self.settings)
        self.state_backend = StateBackend(self.session, bucket=BUCKET, lock_table=TABLE)
        self.state_file = Path()

    def bootstrap_stack(self, state_file: Path, variables: dict[str, Any], *, command: str) -> App:
        """The stand-in, which notes what it was given."""
        self.state_file, self.variables = state_file, variables
        return self

    @contextmanager
    def planned(self, *, destroy: bool = False, lock_timeout: int = 0) -> Iterator[SavedPlan]:
        """A plan, whose apply writes the state as Terraform does, and then works."""

        def apply() -> None:
            self.applied.append("destroy" if destroy else "apply")
            self.state_file.write_bytes(STATE)
            self.work()

        yield SavedPlan(self.plan, apply)

    def make_bucket(self) -> None:
        """The bucket, as the stack would."""
        self.session.client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"}
        )

    def make_table(self) -> None:
        """The lock table, as the stack would."""
        self.session.client("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def remembered(self) -> bytes | None:
        """The bootstrap stack's state in the bucket."""
        file = self.settings.work_dir / "fetched"
        return file.read_bytes() if self.state_backend.fetch_bootstrap_state(file) else None


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """A project and an account with nothing in them."""
    with mock_aws():
        environment = AwsEnvironment(
            region="eu-west-3", access_key_id="a", secret_access_key="b", sealed=True
        )
        yield App(Settings(project_dir=tmp_path), AwsSession(environment))


def refusal(app: Any) -> TtOpsError:
    """Bootstrap, which has to be refused before anything is applied."""
    with pytest.raises(TtOpsError) as caught:
        bootstrap(app)
    assert app.applied == []
    return caught.value


def test_a_bucket_of_somebody_else_is_refused(app: Any) -> None:
    """Before Terraform is even started."""
    with Stubber(app.session.client("s3")) as s3:
        s3.add_client_error("head_bucket", "403", "Forbidden", 403)
        error = refusal(app)
    assert error.code == "state-bucket-taken"
    assert error.hint.endswith("task-tracker-terraform-state-123456789012")
    assert app.variables == {}


def test_a_bucket_with_a_policy_of_its_own_is_refused(app: Any) -> None:
    """Ours would replace it; the policy may be what keeps somebody's data safe."""
    app.make_bucket()
    app.session.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=POLICY)
    error = refusal(app)
    assert error.code == "state-bucket-configured"
    assert f"{BUCKET!r} already has a policy" in error.message


def test_the_policy_of_a_bucket_that_we_made_is_ours(app: Any) -> None:
    """The remembered state says so."""
    app.make_bucket()
    app.session.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=POLICY)
    app.session.client("s3").put_object(
        Bucket=BUCKET, Key="bootstrap/terraform.tfstate", Body=STATE
    )
    app.plan = NOTHING
    assert bootstrap(app).plan.empty


@pytest.mark.parametrize("action", ["replace", "delete"])
def test_a_table_that_would_have_to_go_first_is_refused(app: Any, action: str) -> None:
    """A table with another key may be anybody's."""
    change = replace(LOCKS, action=action, imported=True)
    app.plan = Plan(add=1, change=0, destroy=1, changes=(change,))
    error = refusal(app)
    assert error.code == "state-backend-incompatible"
    for name in (repr(BUCKET), repr(TABLE), "aws_dynamodb_table.locks"):
        assert name in error.message


def test_what_we_made_goes_only_if_it_is_named(app: Any) -> None:
    """Nobody is asked before; with the table's address it is done."""
    app.plan = Plan(add=1, change=0, destroy=1, changes=(LOCKS,))
    with pytest.raises(TtOpsError) as caught:
        bootstrap(app, approve=pytest.fail)
    assert (caught.value.code, app.applied) == ("would-destroy", [])
    assert caught.value.hint.endswith("--allow-destroy aws_dynamodb_table.locks")
    bootstrap(app, allowed=AllowedChanges(frozenset({LOCKS.address})))
    assert app.applied == ["apply"]


def test_whoever_disagrees_changes_nothing(app: Any) -> None:
    """The plan is shown to the one who decides."""
    shown: list[Plan] = []

    def disagree(plan: Plan) -> None:
        shown.append(plan)
        raise TtOpsError("not-confirmed", "no", hint="again: tt-ops bootstrap")

    with pytest.raises(TtOpsError):
        bootstrap(app, approve=disagree)
    assert (shown, app.applied) == ([MADE], [])


@pytest.mark.parametrize("exists", [False, True])
def test_what_exists_is_adopted(app: Any, exists: bool) -> None:
    """And the stack's state is kept in the bucket afterwards."""
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
    assert app.remembered() == STATE


def test_a_second_run_writes_nothing(app: Any) -> None:
    """Not even another version of the same state."""
    app.make_bucket()
    app.plan = NOTHING
    bootstrap(app)
    assert app.applied == []
    assert app.remembered() is None


@pytest.mark.parametrize("made", [False, True])
def test_a_failure_is_told_and_what_was_made_is_remembered(app: Any, made: bool) -> None:
    """As far as there is a bucket to remember it in."""

    def fail() -> None:
        if made:
            app.make_bucket()
        raise TtOpsError("terraform-failed", "no more tables", hint="again: tt-ops bootstrap")

    app.work = fail
    with pytest.raises(TtOpsError, match="no more tables"):
        bootstrap(app)
    if made:
        assert app.remembered() == STATE


def test_what_cannot_be_remembered_does_not_hide_the_failure(app: Any) -> None:
    """The network that broke Terraform breaks this as well."""

    def fail() -> None:
        stubber.activate()
        stubber.add_client_error("head_bucket", "403", "Forbidden", 403)
        raise TtOpsError("terraform-failed", "no network", hint="again: tt-ops bootstrap")

    app.work = fail
    stubber = Stubber(app.session.client("s3"))
    with pytest.raises(TtOpsError, match="no network"):
        bootstrap(app)


def put_foreign_object(app: Any) -> None:
    """Somebody else's state in the bucket."""
    app.session.client("s3").put_object(Bucket=BUCKET, Key="other/terraform.tfstate")


def put_foreign_lock(app: Any) -> None:
    """Somebody else's lock in the table."""
    app.session.client("dynamodb").put_item(
        TableName=TABLE, Item={"LockID": {"S": "other/state-md5"}}
    )


@pytest.mark.parametrize(
    ("put", "code", "quoted"),
    [
        (put_foreign_object, "state-bucket-in-use", "'other/terraform.tfstate'"),
        (put_foreign_lock, "lock-table-in-use", "'other/state-md5'"),
    ],
)
def test_a_backend_that_others_use_stays(
    app: App, put: Callable[[Any], None], code: str, quoted: str
) -> None:
    """Refused before the deployment goes, so that nothing is half removed; nobody is asked."""
    app.make_bucket()
    app.make_table()
    put(app)
    with pytest.raises(TtOpsError) as caught:
        destroy(app, approve=pytest.fail, backend=True)
    assert caught.value.code == code
    assert quoted in caught.value.message
    assert app.applied == []


def test_a_backend_is_adopted_and_emptied_before_it_is_destroyed(app: Any) -> None:
    """Terraform destroys what is in its state, and a bucket only without versions."""
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


def test_no_backend_is_not_made_in_order_to_be_removed(app: Any) -> None:
    """A second removal does nothing."""
    remove_backend(app)
    assert app.applied == []
