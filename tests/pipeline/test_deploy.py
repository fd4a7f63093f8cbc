"""deploy.yml, rollback.yml and the plan of check.yml, run against one account on an emulator.

The runs themselves are long tests: each installs tt-ops and starts Terraform several times.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.endpoint import BUCKET, KEY, client

from .conftest import ADDRESS
from .events import by_hand, pull_request, push
from .github import BOT
from .runner import Runner, load

DEPLOYER = "arn:aws:iam::123456789012:role/task-tracker-function-deployer"
PLANNER = "arn:aws:iam::123456789012:role/task-tracker-function-planner"
MARKER = "<!-- tt-ops plan default -->"
DEPLOY, ROLLBACK, CHECK = load("deploy.yml"), load("rollback.yml"), load("check.yml")


@pytest.fixture(scope="module")
def configured(make_runner: Callable[..., Runner]) -> Runner:
    """Return a machine for a repository that is set up as docs/pipeline.md says."""
    return make_runner(
        {},
        variables={"AWS_ROLE_ARN": DEPLOYER, "AWS_PLAN_ROLE_ARN": PLANNER},
        secrets={"ALERT_EMAIL": ADDRESS},
        roles=frozenset({DEPLOYER, PLANNER}),
    )


@pytest.fixture(scope="module")
def deployed(account: str, configured: Runner) -> Runner:
    """Return the machine, whose jobs reach the account, after the first push to main."""
    environment = {**configured.environment, "AWS_ENDPOINT_URL": account}
    runner = dataclasses.replace(configured, environment=environment)
    ran = runner.run(DEPLOY, "deploy", push())
    assert ran.outcome == "success", ran.log
    assert ran["Credentials by access key"].outcome == "skipped"
    assert "Deployed: 2" in ran["Deploy"].log
    shown = _folded(ran["Deploy"].log)
    assert "::group::applying" in shown
    assert "✓ the API answers, and reaches its table" in shown
    assert any(line.startswith("::notice title=api-public::") for line in shown)
    assert any(line.startswith("::warning title=subscription-pending::") for line in shown)
    assert "### ⚠️ Deploy\n\n```text\nDeployed: " in ran["Deploy"].summary
    assert "\x1b" not in ran.log
    # Nobody can have confirmed the address before the first deploy.
    assert "is pending confirmation" in ran["Status"].log
    assert ADDRESS not in ran.log + ran.summary
    return runner


def _folded(log: str) -> list[str]:
    """Return the lines outside of groups, and the groups' titles; no group is nested or open."""
    shown, inside = [], False
    for line in log.splitlines():
        if line.startswith("::group::"):
            assert not inside
            inside = True
            shown.append(line)
        elif line == "::endgroup::":
            assert inside
            inside = False
        elif not inside:
            shown.append(line)
    assert not inside
    return shown


@pytest.mark.soak
def test_second_push_has_nothing_to_do(deployed: Runner) -> None:
    """Access keys serve where no role is set."""
    keys = {"AWS_ACCESS_KEY_ID": "AKIACANARY", "AWS_SECRET_ACCESS_KEY": "secret-canary"}
    by_key = dataclasses.replace(deployed, variables={}, secrets={**deployed.secrets, **keys})
    ran = by_key.run(DEPLOY, "deploy", push())
    assert ran.outcome == "success", ran.log
    assert ran["Credentials by OIDC"].outcome == "skipped"
    assert "Nothing to do" in ran["Deploy"].log
    assert not [each for each in (ADDRESS, *keys.values()) if each in ran.log + ran.summary]


def test_only_main_is_deployed(configured: Runner) -> None:
    """A run that is started by hand on another branch does nothing."""
    for workflow, job in ((DEPLOY, "deploy"), (ROLLBACK, "rollback")):
        assert configured.run(workflow, job, by_hand("feature")).outcome == "skipped"


@pytest.mark.parametrize(
    "event",
    [push(), pull_request(head="somebody/fork"), pull_request(author="dependabot[bot]")],
    ids=["push", "fork", "dependabot"],
)
def test_pull_requests_of_forks_and_dependabot_are_not_planned(
    event: Any, configured: Runner
) -> None:
    """Where GitHub gives no credentials, the job is skipped and so not red."""
    assert configured.run(CHECK, "plan", event).outcome == "skipped"


def test_without_a_role_nothing_is_planned(configured: Runner) -> None:
    """A repository that has not been set up yet has a green CI."""
    bare = dataclasses.replace(configured, variables={}, secrets={})
    assert bare.run(CHECK, "plan", pull_request()).outcome == "skipped"


@pytest.fixture
def comments(tmp_path: Path, deployed: Runner) -> Path:
    """Return a file with comments of a pull request: over a hundred, one of them like ours."""
    present = [{"id": n, "user": {"login": "octocat"}, "body": f"No {n}"} for n in range(120)]
    present[3]["body"] = f"{MARKER}\nnot the plan"
    present.append({"id": 120, "user": {"login": BOT}, "body": "of another workflow"})
    file = tmp_path / "comments"
    file.write_text(json.dumps(present))
    return file


def _give_more_memory(checkout: Path) -> None:
    _replace(checkout / "terraform" / "variables.tf", "default     = 256", "default     = 512")


def _change_the_code(checkout: Path) -> None:
    handler = checkout / "lambda_function" / "handler.py"
    handler.write_text(f"{handler.read_text()}\n# changed\n")


def _rename_the_key(checkout: Path) -> None:
    _replace(checkout / "terraform" / "database.tf", '"task_id"', '"id"')


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@pytest.mark.soak
def test_plan_is_one_comment_that_is_updated(comments: Path, deployed: Runner) -> None:
    """Every push to a pull request changes the comment of the first, and no other."""
    before = json.loads(comments.read_text())
    on_pull_request = dataclasses.replace(
        deployed, environment={**deployed.environment, "GH_COMMENTS": str(comments)}
    )

    def plan(edit: Callable[[Path], None]) -> str:
        """Push to the pull request; return the comment with the plan."""
        ran = dataclasses.replace(on_pull_request, edit=edit).run(CHECK, "plan", pull_request())
        assert ran.outcome == "success", ran.log
        *others, ours = json.loads(comments.read_text())
        assert others == before
        assert ours["body"].startswith(f"{MARKER}\n")
        assert ADDRESS not in ran.log + ran.summary + ours["body"]
        return str(ours["body"])

    assert "aws_lambda_function.tracker" in plan(_give_more_memory)
    first, *_ = [line for line in plan(_rename_the_key).splitlines() if "aws_" in line]
    assert "aws_dynamodb_table.tasks" in first
    assert "**" in first


@pytest.mark.extended
def test_push_that_would_replace_the_table_is_refused(deployed: Runner) -> None:
    """The job ends red at the step that deploys, and says why."""
    risky = dataclasses.replace(deployed, edit=_rename_the_key)
    ran = risky.run(DEPLOY, "deploy", push())
    assert ran["Deploy"].outcome == "failure (1)", ran.log
    assert "aws_dynamodb_table.tasks" in ran["Deploy"].log
    assert ran["Status"].outcome == "skipped"


# Terraform leaves this file when the bucket does not take the state.
_LOSE_THE_STATE = """
cd .tt-ops/aws-default/terraform
TF_DATA_DIR="$PWD" terraform -chdir=../../../terraform state pull |
  python -c 'import json, sys; s = json.load(sys.stdin); s["serial"] += 1; print(json.dumps(s))' \\
  >errored.tfstate
exit 1
"""


@pytest.mark.soak
def test_unstored_state_is_stored_after_a_failed_deploy(deployed: Runner) -> None:
    """After a failed deploy the job stores the state, which would be lost with the machine."""
    before = _serial(deployed)
    steps = [
        {**step, "run": _LOSE_THE_STATE} if step.get("name") == "Deploy" else step
        for step in DEPLOY["jobs"]["deploy"]["steps"]
    ]
    job = {**DEPLOY["jobs"]["deploy"], "steps": steps}
    ran = deployed.run({**DEPLOY, "jobs": {"deploy": job}}, "deploy", push())
    assert ran["Deploy"].outcome == "failure (1)", ran.log
    assert ran["Store a state that was left over"].outcome == "success", ran.log
    assert ran.outcome == "failure"
    assert _serial(deployed) > before


@pytest.mark.soak
def test_release_bakes_and_is_rolled_back_by_hand(deployed: Runner) -> None:
    """CANARY and BAKE apply to deploys; a rollback takes a release, or the one before."""
    canary = {**deployed.variables, "CANARY": "50%", "BAKE": "5s"}
    changed = dataclasses.replace(deployed, variables=canary, edit=_change_the_code)
    ran = changed.run(DEPLOY, "deploy", push())
    assert ran.outcome == "success", ran.log
    assert _live(deployed) == "2"
    assert "50%" in ran["Deploy"].log
    for inputs, outcome, live in (
        ({}, "success", "1"),
        ({"release": "2"}, "success", "2"),
        ({"release": "--help"}, "failure (2)", "2"),
    ):
        ran = deployed.run(ROLLBACK, "rollback", by_hand("main", **inputs))
        assert ran["Rollback"].outcome == outcome, ran.log
        assert _live(deployed) == live
        assert "is pending confirmation" in ran["Status"].log or outcome != "success"


def _live(runner: Runner) -> str:
    """Return the version that serves."""
    functions = client("lambda", runner.environment["AWS_ENDPOINT_URL"])
    alias = functions.get_alias(FunctionName="task-tracker-function", Name="live")
    return str(alias["FunctionVersion"])


def _serial(runner: Runner) -> int:
    """Return the serial number of the state in the account."""
    state = client("s3", runner.environment["AWS_ENDPOINT_URL"]).get_object(Bucket=BUCKET, Key=KEY)
    return int(json.load(state["Body"])["serial"])
