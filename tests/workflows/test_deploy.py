"""A deploy after its apply: which version serves, and what is said when it does not work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tasktracker_ops.adapters.aws.state_backend import BackendExistence
from tasktracker_ops.adapters.terraform.stack import SavedPlan
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.deployment import Deployment
from tasktracker_ops.models.plan import Allowed, Plan, ResourceChange, violations
from tasktracker_ops.models.status import Subscription
from tasktracker_ops.output.console import Console
from tasktracker_ops.settings import Settings
from tasktracker_ops.workflows.deploy import deploy

CHANGED = Plan(0, 1, 0, (ResourceChange("aws_lambda_function.tracker", "update"),))
NOTHING = Plan(0, 0, 0, ())
TABLES = tuple(
    ResourceChange(address, "replace", "aws_dynamodb_table", name)
    for address, name in (("aws_dynamodb_table.a", "A"), ('aws_dynamodb_table.b["x y"]', "B"))
)
LOSING = Plan(2, 0, 2, TABLES)
OPENING = Plan(
    0, 1, 0, (ResourceChange("aws_apigatewayv2_route.default", "update"),), ("$default",)
)
HIDING = Plan(0, 1, 0, (), fewer_shards=(3, 1))


class App:
    """What a deploy sees of the application; its apply serves `after`, which does not work."""

    def __init__(self, project: Path, before: str | None, after: str) -> None:
        self.settings = Settings(project_dir=project)
        self.report = Console(self.settings)
        self.state_backend = SimpleNamespace(exists=lambda: BackendExistence(True, True))
        self.functions = self
        self.deployments = self
        self.target = SimpleNamespace(
            label="here",
            recipient=lambda: "operator@example.com",
            console_url=lambda deployment: "https://console.example.com",
            confirmation_hint=lambda topic: "confirm it: tt-ops local confirm",
        )
        pending = Subscription("email", "operator@example.com", confirmed=False, arn=None)
        self.topics = SimpleNamespace(subscriptions=lambda topic: (pending,))
        self.tables = SimpleNamespace(allow_deletion=lambda name: self.done.append(name))
        self.done: list[str] = []
        self.plan = CHANGED
        self.refusal: TtOpsError | None = None
        self._version, self._after = before, after

    def ensure_ready(self) -> None:
        """Nothing has to run."""

    def infrastructure(self, recipient: str) -> App:
        """The stand-in for the stack."""
        return self

    @contextmanager
    def planned(self, *, lock_timeout: int) -> Iterator[SavedPlan]:
        """The plan, whose apply moves the alias."""

        def apply() -> None:
            self.done.append("apply")
            self._serve(self._after)

        yield SavedPlan(self.plan, apply)

    def untaint(self, address: str) -> None:
        """After which there is nothing to make anew."""
        self.done.append(f"keep {address}")
        self.plan = CHANGED

    def get(self) -> Deployment:
        """The description, of which nothing matters here."""
        values: dict[str, Any] = dict.fromkeys(Deployment.__dataclass_fields__, "x")
        return Deployment(**values)

    def tasks(self, deployment: Deployment) -> None:
        """The API."""
        raise TtOpsError("api-unreachable", "no answer", hint="by hand: curl -i URL")

    def live_version(self) -> str | None:
        """What serves now."""
        return self._version

    def move_alias(self, version: str) -> None:
        """Go back, unless that is refused."""
        if self.refusal:
            raise self.refusal
        self._serve(version)

    def _serve(self, version: str) -> None:
        self._version = version


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with something to build."""
    (tmp_path / "lambda_function").mkdir()
    (tmp_path / "lambda_function" / "handler.py").touch()
    return tmp_path


def failure(app: Any) -> TtOpsError:
    """Deploy, which has to fail."""
    with pytest.raises(TtOpsError) as caught:
        deploy(app, approve=lambda plan: None)
    return caught.value


def test_a_version_that_does_not_work_goes_back(project: Path) -> None:
    """The error says which one serves now, and what was wrong with the other."""
    app = App(project, before="1", after="2")
    error = failure(app)
    assert error.code == "smoke-check-failed"
    assert "version 2 does not work, so version 1 serves again: no answer" in error.message
    assert error.hint.endswith(": tt-ops logs --errors")
    assert app.live_version() == "1"


def test_a_way_back_that_is_barred_is_told(project: Path) -> None:
    """Both reasons are, and which version serves still."""
    app = App(project, before="1", after="2")
    app.refusal = TtOpsError("aws-error", "no such version", hint="again: tt-ops deploy")
    error = failure(app)
    assert error.code == "rollback-failed"
    assert "version 1 could not be put back: no such version" in error.message
    assert error.hint.endswith(": tt-ops logs --errors")
    assert app.live_version() == "2"


@pytest.mark.parametrize("before", [None, "2"])
def test_without_another_version_there_is_no_way_back(project: Path, before: str | None) -> None:
    """On the first deploy, or when only something else changed."""
    error = failure(App(project, before=before, after="2"))
    assert error.code == "smoke-check-failed"
    assert error.message.startswith("deployed, but the API does not work: no answer")
    assert error.hint.endswith(": tt-ops logs --errors")


def test_where_nothing_differs_nothing_happens(project: Path) -> None:
    """Nobody is asked, and the API neither."""
    app: Any = App(project, before="1", after="2")
    app.plan = NOTHING
    outcome = deploy(app, approve=pytest.fail)
    assert (outcome.version, outcome.previous_version, outcome.smoke) == ("1", "1", "not needed")


def test_who_hears_no_alarm_yet_is_named(project: Path) -> None:
    """With the command that helps, whether anything changed or not."""
    app: Any = App(project, before="1", after="2")
    app.plan = NOTHING
    (problem,) = deploy(app, approve=pytest.fail).problems
    assert problem.message == "operator@example.com has not confirmed, and hears nothing"
    assert problem.hint == "confirm it: tt-ops local confirm"


@pytest.mark.parametrize(
    ("plan", "allowed", "code", "flags"),
    [
        (
            LOSING,
            Allowed(public=True),
            "would-destroy",
            "--allow-destroy aws_dynamodb_table.a --allow-destroy 'aws_dynamodb_table.b[\"x y\"]'",
        ),
        (
            LOSING,
            Allowed(frozenset({TABLES[0].address, "aws_dynamodb_table"})),
            "would-destroy",
            "tt-ops … --allow-destroy 'aws_dynamodb_table.b[\"x y\"]'",
        ),
        (OPENING, Allowed(frozenset({"$default"})), "would-open", "--allow-public"),
        (
            HIDING,
            Allowed(public=True),
            "would-hide",
            "set it as it was: export TF_VAR_dynamodb_status_shards=3",
        ),
    ],
)
def test_what_is_not_allowed_is_refused_before_anyone_is_asked(
    project: Path, plan: Plan, allowed: Allowed, code: str, flags: str
) -> None:
    """Nothing happens, and the hint has the flags that are missing, quoted for a shell."""
    app: Any = App(project, before="1", after="2")
    app.plan = plan
    with pytest.raises(TtOpsError) as caught:
        deploy(app, approve=pytest.fail, allowed=allowed)
    assert (caught.value.code, app.done) == (code, [])
    assert caught.value.hint.endswith(flags)


HALF_MADE = Plan(1, 0, 1, (replace(TABLES[0], reason="replace_because_tainted"),))


def test_what_was_not_made_to_its_end_is_kept(project: Path) -> None:
    """An interrupted deploy is finished by the next one, and costs no table."""
    app: Any = App(project, before="1", after="2")
    app.plan = HALF_MADE
    deploy(app, approve=lambda plan: None, smoke=False)
    assert app.done == ["keep aws_dynamodb_table.a", "apply"]
    assert violations(HALF_MADE) == ()


def test_what_was_not_made_to_its_end_may_go_by_name(project: Path) -> None:
    """It is then made anew, as Terraform has it."""
    app: Any = App(project, before="1", after="2")
    app.plan = HALF_MADE
    allowed = Allowed(frozenset({"aws_dynamodb_table.a"}))
    deploy(app, approve=lambda plan: None, allowed=allowed, smoke=False)
    assert app.done == ["A", "apply"]


def test_tables_that_may_go_are_unprotected_first(project: Path) -> None:
    """Right before the apply, by the names that AWS knows them by."""
    app: Any = App(project, before="1", after="2")
    app.plan = LOSING
    addresses = frozenset(change.address for change in TABLES)
    deploy(app, approve=lambda plan: None, allowed=Allowed(addresses), smoke=False)
    assert app.done == ["A", "B", "apply"]
