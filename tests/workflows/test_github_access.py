"""GitHub's access: what is refused before anything is applied.

The account is moto's; a small stand-in takes the place of Terraform.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from moto import mock_aws

from tasktracker_ops.adapters.aws.iam import Iam
from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.adapters.aws.state_backend import GITHUB_STATE_KEY
from tasktracker_ops.adapters.aws.state_files import StateFiles
from tasktracker_ops.adapters.terraform.stack import SavedPlan
from tasktracker_ops.environments import Environment
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.plan import Plan, ResourceChange
from tasktracker_ops.workflows.github_access import bootstrap_github, remove_github
from tests.errors import raises

from . import locking
from .locking import BUCKET, TABLE

NOTHING = Plan(add=0, change=0, destroy=0, changes=())
PROVIDER = "aws_iam_openid_connect_provider.github[0]"


@dataclass
class App(locking.App):
    """The application as the workflow uses it, with a fake Terraform."""

    plan: Plan = NOTHING
    variables: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.stacks = self
        self.environment = Environment()
        self.iam = Iam(self.session)
        self.deployments = SimpleNamespace(state_record=lambda: (False, None))
        self.state_files = StateFiles(self.session, bucket=BUCKET, lock_table=TABLE)

    def bootstrap(self, *_: Any, command: str) -> App:
        """Return a stack without changes."""
        self.asked.append(command)
        stack = copy(self)
        stack.plan = NOTHING
        return stack

    def github(self, repository: Any, variables: dict[str, Any], *, command: str) -> App:
        """Return the fake stack; record the variables."""
        self.variables = variables
        return self

    def recover(self) -> None:
        """No run was killed."""

    def push_unsaved_state(self) -> None:
        """Every state was saved."""

    @contextmanager
    def planned(self, *, lock_timeout: int = 0) -> Iterator[SavedPlan]:
        """Yield a plan that must not be applied."""
        yield SavedPlan(self.plan, lambda: pytest.fail("applied"))

    def make_provider(self, *audiences: str) -> None:
        """Create an identity provider without our tag."""
        self.session.client("iam").create_open_id_connect_provider(
            Url="https://token.actions.githubusercontent.com", ClientIDList=list(audiences)
        )

    def store(self, outputs: str) -> None:
        """Store a state of the stack with these outputs."""
        self.session.client("s3").put_object(
            Bucket=BUCKET, Key=GITHUB_STATE_KEY, Body=f'{{"outputs": {outputs}}}'.encode()
        )


@pytest.fixture
def app(tmp_path: Path, account: AwsSession) -> Iterator[App]:
    """Yield an empty project, and an account with an empty state bucket."""
    with mock_aws():
        yield App(tmp_path, account)


def refused(app: Any, name: str = "octo-org/octo-repo", **options: Any) -> TtOpsError:
    """Return the error of a bootstrap that applies nothing."""
    given = {"branch": "main", "environment": "production", "ids": "123456/456789", **options}
    with pytest.raises(TtOpsError) as caught:
        bootstrap_github(app, name, approve=pytest.fail, **given)
    return caught.value


@pytest.mark.parametrize(
    ("options", "quoted"),
    [
        ({"name": "octo-repo"}, "'octo-repo'"),
        ({"name": "https://github.com/octo-org/octo-repo"}, "'https://github.com/octo-org/octo-"),
        ({"name": "octo-org/*"}, "'octo-org/*'"),
        ({"name": "octo-org/octo-repo\n"}, "'octo-org/octo-repo\\n'"),
        ({"ids": "123456"}, "'123456'"),
        ({"ids": "*/*"}, "'*/*'"),
        ({"branch": "*"}, "'*'"),
        ({"branch": "${aws:username}"}, "'${aws:username}'"),
        ({"branch": ""}, "''"),
        ({"environment": "prod*"}, "'prod*'"),
        ({"environment": "a:b"}, "'a:b'"),
    ],
)
def test_an_invalid_name_is_quoted(app: Any, options: dict[str, str], quoted: str) -> None:
    """Nothing is read or applied; a pattern is not a name."""
    error = refused(app, **options)
    assert (error.code, error.exit_code) == ("github-name-invalid", 4)
    assert error.message.startswith(quoted)
    assert ": tt-ops bootstrap --" in error.hint
    assert app.asked == []


def test_an_identity_provider_of_others_needs_our_audience(app: Any) -> None:
    """It is not changed; the hint is the command for its owner."""
    app.make_provider("https://github.com/octo-org")
    error = refused(app)
    assert error.code == "identity-provider-incompatible"
    assert error.hint.endswith("--client-id sts.amazonaws.com")


def test_another_environment_has_no_roles(app: Any) -> None:
    """They would take the place of the default's in the one state; a policy can be pasted."""
    app.environment = Environment("staging")
    error = refused(app)
    assert error.code == "github-access-default-only"
    assert error.hint.endswith("tt-ops --env staging permissions deployer")


def test_an_identity_provider_without_our_tag_is_not_deleted(app: Any) -> None:
    """It is in our state, but others may use it."""
    app.make_provider("sts.amazonaws.com")
    app.plan = Plan(add=0, change=0, destroy=1, changes=(ResourceChange(PROVIDER, "delete"),))
    error = refused(app)
    assert app.variables["foreign_identity_provider"]
    assert error.code == "identity-provider-untagged"
    assert error.hint.endswith(f"--tags Key=TerraformState,Value={BUCKET}/{GITHUB_STATE_KEY}")


def test_roles_are_not_removed_without_their_lock_table(app: Any) -> None:
    """Their state cannot be locked."""
    app.session.client("dynamodb").delete_table(TableName=TABLE)
    app.store('{"deployer_role_arn": {"value": "arn:aws:iam::123456789012:role/deployer"}}')
    with raises("lock-table-missing"):
        remove_github(app)


def test_removing_missing_access_does_nothing(app: Any) -> None:
    """A removal leaves an empty state behind."""
    app.store("{}")
    remove_github(app)
    assert app.variables == {}
