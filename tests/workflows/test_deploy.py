"""A deploy: what it refuses to apply, and when nothing happens."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from moto import mock_aws

from tasktracker_ops.adapters.aws.deploy_lock import DeployLocks
from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.adapters.aws.state_backend import BackendExistence
from tasktracker_ops.adapters.aws.state_files import StateFiles
from tasktracker_ops.adapters.terraform.stack import SavedPlan
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.deployment import Deployment, FirstDeploy
from tasktracker_ops.models.drift import FunctionVersion
from tasktracker_ops.models.lock import TerraformLock
from tasktracker_ops.models.plan import AllowedChanges, Plan, ResourceChange, violations
from tasktracker_ops.models.release import (
    NO_CHECKS,
    PROVEN,
    UNPROVEN,
    ReleaseOptions,
    ReleaseRecord,
    ReleaseResult,
    Routing,
    lambda_digest,
)
from tasktracker_ops.models.state import StateRecord
from tasktracker_ops.models.status import Subscription
from tasktracker_ops.output.console import Console
from tasktracker_ops.settings import Settings
from tasktracker_ops.workflows.deploy import deploy
from tests.endpoint import make_bucket, make_lock_table
from tests.states import KEY, state

CHANGED = Plan(0, 1, 0, (ResourceChange("aws_lambda_function.tracker", "update"),))
NOTHING = Plan(0, 0, 0, ())
TABLES = tuple(
    ResourceChange(address, "replace", "aws_dynamodb_table", name)
    for address, name in (("aws_dynamodb_table.a", "A"), ('aws_dynamodb_table.b["x y"]', "B"))
)
DESTROYING = Plan(2, 0, 2, TABLES)
MAKING_PUBLIC = Plan(
    0, 1, 0, (ResourceChange("aws_apigatewayv2_route.default", "update"),), ("$default",)
)
UNCHECKED = ReleaseOptions(NO_CHECKS)
HIDING = Plan(0, 1, 0, (), fewer_shards=(3, 1))


class App:
    """The application as a deploy uses it, with a proven release that is live."""

    deploy_locks: DeployLocks
    state_files: StateFiles

    def __init__(self, project: Path) -> None:
        self.settings = Settings(project_dir=project)
        self.report = Console(self.settings)
        self.state_backend = SimpleNamespace(exists=lambda: BackendExistence(True, True))
        self.require_settings = lambda: None
        self.functions = self.release_records = self.stacks = self
        self.deployments = self
        self.alert_email = "operator@example.com"
        self.target = SimpleNamespace(
            label="here",
            console_url=lambda deployment: "https://console.example.com",
            confirmation_hint=lambda topic: "confirm it: tt-ops local confirm",
        )
        pending = Subscription("email", "operator@example.com", confirmed=False, arn=None)
        self.topics = SimpleNamespace(subscriptions=lambda topic: (pending,))
        self.apis = SimpleNamespace(ours=lambda: ())
        self.resource_tags = SimpleNamespace(find_ours=lambda: ())
        self.locks_of = lambda key: SimpleNamespace(lock=lambda: TerraformLock(held=False))
        self.terraform_locks = self.locks_of("")
        self.tables = SimpleNamespace(allow_deletion=lambda name: self.done.append(name))
        self.done: list[str] = []
        self.plan = CHANGED
        self.stale = 0
        self.refusal: TtOpsError | None = None
        self.outcome = PROVEN

    def ensure_ready(self) -> None:
        """Nothing has to run."""

    def infrastructure(
        self,
        alert_email: str = "",
        *,
        adopt: Mapping[str, str] = {},
        watch: Any = None,
        package: Any = None,
    ) -> App:
        """Return the stand-in for the stack."""
        return self

    @contextmanager
    def planned(self, *, lock_timeout: int) -> Iterator[SavedPlan]:
        """Yield the plan, and its apply."""

        def apply() -> None:
            if self.stale:
                self.stale -= 1
                raise STALE
            self.done.append("apply")

        yield SavedPlan(self.plan, apply)

    def push_unsaved_state(self) -> None:
        """No earlier run left a state that it could not save."""

    def recover(self) -> None:
        """No run was killed."""

    def verify_provider(self) -> None:
        """Terraform is a stand-in, too."""

    def configuration(self) -> dict[str, str]:
        """Return no files and no variables."""
        return {}

    def state_record(self) -> tuple[bool, None]:
        """There is a description, and no record of the last apply."""
        return True, None

    def write_state_record(self, record: StateRecord) -> None:
        """Forget it."""

    def untaint(self, address: str) -> None:
        """Record it; the next plan replaces nothing."""
        self.done.append(f"keep {address}")
        self.plan = CHANGED

    def get(self) -> Deployment:
        """Return a description whose values do not matter."""
        values: dict[str, Any] = dict.fromkeys(Deployment.__dataclass_fields__, "x")
        return Deployment(**values)

    def tasks(self, deployment: Deployment) -> None:
        """The API."""
        raise TtOpsError("api-unreachable", "no answer", hint="by hand: curl -i URL")

    def routing(self) -> Routing:
        """Return that the first release is live."""
        return Routing("1", None, 0.0, "")

    def version(self, qualifier: str) -> FunctionVersion:
        """Return the version that has the package at hand."""
        return FunctionVersion("1", lambda_digest(self._sha256()), None, {})

    def read(self, release: int) -> ReleaseRecord:
        """Return the record of the package at hand."""
        return ReleaseRecord(
            1, self._sha256(), {}, None, False, "a@b", None, "", "1", outcome=self.outcome
        )

    def _sha256(self) -> str:
        return hashlib.sha256((self.settings.project / "function.zip").read_bytes()).hexdigest()

    def write(self, record: ReleaseRecord) -> None:
        """Keep its outcome."""
        self.outcome = record.outcome


@pytest.fixture(autouse=True)
def deploy_locks(account: AwsSession) -> Iterator[DeployLocks]:
    """Yield the deploy lock in an empty state bucket."""
    with mock_aws():
        make_bucket(account.client("s3"), "state")
        make_lock_table(account.client("dynamodb"), "locks")
        App.state_files = StateFiles(account, bucket="state", lock_table="locks")
        file = App.state_files.write(KEY, state(1), instead_of=None)
        App.state_files.write_digest(KEY, file.digest)
        App.deploy_locks = DeployLocks(account, bucket="state", state_key=KEY)
        yield App.deploy_locks


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with something to build."""
    (tmp_path / "lambda_function").mkdir()
    (tmp_path / "lambda_function" / "handler.py").write_text("def lambda_handler(): ...\n")
    return tmp_path


def test_a_release_is_unproven_while_the_infrastructure_changes(project: Path) -> None:
    """A deploy that ends before its checks leaves it so, and the next one checks."""
    app: Any = App(project)
    deploy(app, UNCHECKED, approve=lambda plan: None)
    assert app.outcome == UNPROVEN


def test_where_nothing_differs_nothing_happens(project: Path) -> None:
    """There is neither an approval nor a smoke check."""
    app: Any = App(project)
    app.plan = NOTHING
    outcome = deploy(app, approve=pytest.fail)
    assert outcome.release == ReleaseResult("1", "1", PROVEN, "not needed", False)


def test_a_first_deploy_is_approved_as_a_whole(project: Path) -> None:
    """Before anything is made or planned; a refusal ends it."""
    app: Any = App(project)
    app.settings = replace(app.settings, state_key="none/yet.tfstate")
    app.state_backend = SimpleNamespace(exists=lambda: BackendExistence(False, False))
    app.inventory = lambda **names: SimpleNamespace(addresses=())
    app.toolchain = SimpleNamespace(find=lambda: None)
    asked: list[FirstDeploy] = []

    def refuse(first: FirstDeploy) -> None:
        asked.append(first)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        deploy(app, approve=pytest.fail, approve_first=refuse)
    (first,) = asked
    assert (first.target, first.table_name, first.downloads_terraform) == (
        "here",
        "TaskTable",
        True,
    )
    assert app.done == []


def test_a_pending_subscription_is_named(project: Path) -> None:
    """The hint is the command that confirms it, also when nothing changed."""
    app: Any = App(project)
    app.plan = NOTHING
    (problem,) = deploy(app, approve=pytest.fail).problems
    assert (
        problem.message == "operator@example.com is pending confirmation and receives no alarms yet"
    )
    assert problem.hint == "confirm it: tt-ops local confirm"


@pytest.mark.parametrize(
    ("plan", "allowed", "code", "flags"),
    [
        (
            DESTROYING,
            AllowedChanges(public=True),
            "would-destroy",
            "--allow-destroy aws_dynamodb_table.a --allow-destroy 'aws_dynamodb_table.b[\"x y\"]'",
        ),
        (
            DESTROYING,
            AllowedChanges(frozenset({TABLES[0].address, "aws_dynamodb_table"})),
            "would-destroy",
            "tt-ops deploy --allow-destroy 'aws_dynamodb_table.b[\"x y\"]'",
        ),
        (
            MAKING_PUBLIC,
            AllowedChanges(frozenset({"$default"})),
            "would-make-public",
            "--allow-public",
        ),
        (
            HIDING,
            AllowedChanges(public=True),
            "would-hide-tasks",
            "restore it: export TF_VAR_dynamodb_status_shards=3",
        ),
    ],
)
def test_deploy_refuses_what_is_not_allowed_before_the_approval(
    project: Path, plan: Plan, allowed: AllowedChanges, code: str, flags: str
) -> None:
    """Nothing is applied; the hint has the missing flags, quoted for a shell."""
    app: Any = App(project)
    app.plan = plan
    with pytest.raises(TtOpsError) as caught:
        deploy(app, approve=pytest.fail, allowed=allowed)
    assert (caught.value.code, app.done) == (code, [])
    assert caught.value.hint.endswith(flags)


TAINTED = Plan(1, 0, 1, (replace(TABLES[0], reason="replace_because_tainted"),))


@pytest.mark.parametrize(
    ("allowed", "done"),
    [
        (frozenset[str](), ["keep aws_dynamodb_table.a", "apply"]),
        (frozenset({"aws_dynamodb_table.a"}), ["A", "apply"]),
    ],
)
def test_a_tainted_table_is_replaced_only_if_allowed(
    project: Path, allowed: frozenset[str], done: list[str]
) -> None:
    """Otherwise the deploy completes an interrupted one, and loses no data."""
    app: Any = App(project)
    app.plan = TAINTED
    deploy(app, UNCHECKED, approve=lambda plan: None, allowed=AllowedChanges(allowed))
    assert app.done == done
    assert violations(TAINTED) == ()


def test_tables_that_may_be_destroyed_are_unprotected_first(project: Path) -> None:
    """Right before the apply, by their names in AWS."""
    app: Any = App(project)
    app.plan = DESTROYING
    addresses = frozenset(change.address for change in TABLES)
    deploy(app, UNCHECKED, approve=lambda plan: None, allowed=AllowedChanges(addresses))
    assert app.done == ["A", "B", "apply"]


STALE = TtOpsError("plan-stale", "the state has changed", hint="plan again: tt-ops deploy")


@pytest.mark.parametrize("times", [2, 3])
def test_a_stale_plan_is_planned_and_approved_again(project: Path, times: int) -> None:
    """At most twice; then it is an error."""
    app: Any = App(project)
    app.stale, shown = times, list[Plan]()
    with pytest.raises(TtOpsError, match="has changed") if times == 3 else nullcontext():
        deploy(app, UNCHECKED, approve=shown.append)
    assert len(shown) == 3
    assert app.done == ["apply"] * (times == 2)


def test_the_deploy_lock_is_held_until_the_end_and_released(
    project: Path, deploy_locks: DeployLocks
) -> None:
    """Also when the deploy fails: the approval sees it held, and afterwards it is free."""
    app: Any = App(project)
    holders = []

    def refuse(_plan: Plan) -> None:
        holders.append(deploy_locks.queue().holder)
        raise TtOpsError("declined", "no", hint="again: tt-ops deploy")

    with pytest.raises(TtOpsError, match="no"):
        deploy(app, approve=refuse)
    assert holders[0].lock.command == "deploy"
    assert deploy_locks.queue().holder is None


def test_nothing_is_applied_without_the_lock(project: Path, deploy_locks: DeployLocks) -> None:
    """Somebody has released it by force while the plan was being read."""
    app: Any = App(project)

    def force(_plan: Plan) -> None:
        deploy_locks.release(deploy_locks.queue().holder.etag)  # type: ignore[union-attr]

    with pytest.raises(TtOpsError) as caught:
        deploy(app, approve=force)
    assert (caught.value.code, app.done) == ("deploy-lock-lost", [])
