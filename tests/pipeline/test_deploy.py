"""deploy.yml and the plan of ci.yml, run against one account on an emulator."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.e2e.job_log import folded

from .conftest import ADDRESS
from .events import by_hand, pull_request, push
from .github import BOT
from .runner import Runner

DEPLOYER = "arn:aws:iam::123456789012:role/task-tracker-function-deployer"
PLANNER = "arn:aws:iam::123456789012:role/task-tracker-function-planner"
MARKER = "<!-- tt-ops plan default -->"
Workflow = dict[str, Any]


@pytest.fixture(scope="module")
def runner(account: str, make_runner: Callable[..., Runner]) -> Runner:
    """A machine whose jobs reach the account, with the repository's settings as documented."""
    return make_runner(
        {"AWS_ENDPOINT_URL": account},
        variables={"AWS_ROLE_ARN": DEPLOYER, "AWS_PLAN_ROLE_ARN": PLANNER},
        secrets={"ALERT_EMAIL": ADDRESS},
        roles=frozenset({DEPLOYER, PLANNER}),
    )


@pytest.fixture(scope="module")
def deployed(runner: Runner, deploy_workflow: Workflow) -> Runner:
    """The machine, after the first push to main."""
    ran = runner.run(deploy_workflow, "deploy", push())
    assert ran.outcome == "success", ran.log
    assert ran["Credentials by access key"].outcome == "skipped"
    assert "Deployed: 2" in ran["Deploy"].log
    shown = folded(ran["Deploy"].log)
    assert "::group::applying" in shown
    assert "✓ the API answers, and reaches its table" in shown
    assert "\x1b" not in ran.log
    # Nobody can have confirmed the address before the first deploy.
    assert "is pending confirmation" in ran["Status"].log
    assert ADDRESS not in ran.log + ran.summary
    return runner


@pytest.mark.soak
def test_second_push_has_nothing_to_do(deployed: Runner, deploy_workflow: Workflow) -> None:
    """Access keys serve where no role is set."""
    keys = {"AWS_ACCESS_KEY_ID": "AKIACANARY", "AWS_SECRET_ACCESS_KEY": "secret-canary"}
    by_key = dataclasses.replace(deployed, variables={}, secrets={**deployed.secrets, **keys})
    ran = by_key.run(deploy_workflow, "deploy", push())
    assert ran.outcome == "success", ran.log
    assert ran["Credentials by OIDC"].outcome == "skipped"
    assert "Nothing to do" in ran["Deploy"].log
    assert not [each for each in (ADDRESS, *keys.values()) if each in ran.log + ran.summary]


def test_only_main_is_deployed(runner: Runner, deploy_workflow: Workflow) -> None:
    """A run that was started by hand on another branch does nothing."""
    assert runner.run(deploy_workflow, "deploy", by_hand("feature")).outcome == "skipped"


@pytest.mark.parametrize(
    "event",
    [push(), pull_request(head="somebody/fork"), pull_request(author="dependabot[bot]")],
    ids=["push", "fork", "dependabot"],
)
def test_pull_requests_of_forks_and_dependabot_are_not_planned(
    event: Any, runner: Runner, ci_workflow: Workflow
) -> None:
    """Where GitHub gives no credentials, the job is skipped and so not red."""
    assert runner.run(ci_workflow, "plan", event).outcome == "skipped"


def test_without_a_role_nothing_is_planned(runner: Runner, ci_workflow: Workflow) -> None:
    """A repository that has not been set up yet has a green CI."""
    bare = dataclasses.replace(runner, variables={}, secrets={})
    assert bare.run(ci_workflow, "plan", pull_request()).outcome == "skipped"


@pytest.fixture
def comments(tmp_path: Path, deployed: Runner) -> Path:
    """The comments of a pull request: over a hundred by people, one of them looking like ours."""
    said = [{"id": n, "user": {"login": "octocat"}, "body": f"No {n}"} for n in range(120)]
    said[3]["body"] = f"{MARKER}\nnot the plan"
    said.append({"id": 120, "user": {"login": BOT}, "body": "of another workflow"})
    file = tmp_path / "comments"
    file.write_text(json.dumps(said))
    return file


def _give_more_memory(checkout: Path) -> None:
    _replace(checkout / "terraform" / "variables.tf", "default     = 256", "default     = 512")


def _rename_the_key(checkout: Path) -> None:
    _replace(checkout / "terraform" / "database.tf", '"task_id"', '"id"')


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@pytest.mark.parametrize("pushes", [1, pytest.param(2, marks=pytest.mark.soak)])
def test_plan_is_one_comment_that_is_updated(
    pushes: int, comments: Path, deployed: Runner, ci_workflow: Workflow
) -> None:
    """Every push to a pull request changes the comment of the first, and no other."""
    before = json.loads(comments.read_text())
    if pushes == 1:
        ours = {"id": 121, "user": {"login": BOT}, "body": f"{MARKER}\nof the push before"}
        comments.write_text(json.dumps([*before, ours]))
    on_pull_request = dataclasses.replace(
        deployed,
        environment={**deployed.environment, "GH_COMMENTS": str(comments)},
        edit=_give_more_memory,
    )
    if pushes == 2:
        ran = on_pull_request.run(ci_workflow, "plan", pull_request())
        assert ran.outcome == "success", ran.log
        first = json.loads(comments.read_text())
        assert first[:-1] == before
        assert first[-1]["body"].startswith(f"{MARKER}\n")
        assert "aws_lambda_function.tracker" in first[-1]["body"]

    risky = dataclasses.replace(on_pull_request, edit=_rename_the_key)
    ran = risky.run(ci_workflow, "plan", pull_request())
    assert ran.outcome == "success", ran.log
    second = json.loads(comments.read_text())
    assert second[:-1] == before
    assert second[-1]["body"].startswith(f"{MARKER}\n")
    named = [line for line in second[-1]["body"].splitlines() if "aws_" in line]
    assert "aws_dynamodb_table.tasks" in named[0]
    assert "**" in named[0]
    assert ADDRESS not in ran.log + ran.summary + second[-1]["body"]


@pytest.mark.soak
def test_push_that_would_replace_the_table_is_refused(
    deployed: Runner, deploy_workflow: Workflow
) -> None:
    """The job ends red at the step that deploys, and says why."""
    risky = dataclasses.replace(deployed, edit=_rename_the_key)
    ran = risky.run(deploy_workflow, "deploy", push())
    assert ran["Deploy"].outcome == "failure (1)", ran.log
    assert "aws_dynamodb_table.tasks" in ran["Deploy"].log
    assert ran["Status"].outcome == "skipped"


# Terraform keeps a state so when the bucket does not take it.
_LOSE_THE_STATE = """
cd .tt-ops/aws-default/terraform
TF_DATA_DIR="$PWD" terraform -chdir=../../../terraform state pull |
  python -c 'import json, sys; s = json.load(sys.stdin); s["serial"] += 1; print(json.dumps(s))' \\
  >errored.tfstate
exit 1
"""


@pytest.mark.soak
def test_unstored_state_is_stored_after_a_failed_deploy(
    deployed: Runner, deploy_workflow: Workflow
) -> None:
    """After a failed deploy the job stores it, since nobody could any more."""
    before = _serial(deployed)
    steps = [
        {**step, "run": _LOSE_THE_STATE} if step.get("name") == "Deploy" else step
        for step in deploy_workflow["jobs"]["deploy"]["steps"]
    ]
    ran = deployed.run(_with(deploy_workflow, steps), "deploy", push())
    assert ran["Deploy"].outcome == "failure (1)", ran.log
    assert ran["Store a state that was left over"].outcome == "success", ran.log
    assert ran.outcome == "failure"
    assert _serial(deployed) > before


def _serial(runner: Runner) -> int:
    """Which version of the deployment's state is in the account."""
    session = boto3.Session("a", "b", region_name="eu-west-3")
    s3 = session.client("s3", endpoint_url=runner.environment["AWS_ENDPOINT_URL"])
    state = s3.get_object(Bucket="task-tracker-terraform-state", Key="infra/terraform.tfstate")
    return int(json.load(state["Body"])["serial"])


def _with(workflow: Workflow, steps: list[dict[str, Any]]) -> Workflow:
    """The workflow with other steps in its job `deploy`."""
    job = {**workflow["jobs"]["deploy"], "steps": steps}
    return {**workflow, "jobs": {"deploy": job}}


@pytest.mark.parametrize(
    "step",
    [
        "Build",
        *(pytest.param(each, marks=pytest.mark.soak) for each in ("Plan", "Deploy", "Status")),
    ],
)
def test_unknown_option_fails_the_job(
    step: str, deployed: Runner, deploy_workflow: Workflow
) -> None:
    """A workflow that has fallen behind the CLI does not pass the rehearsal."""
    steps = []
    for each in deploy_workflow["jobs"]["deploy"]["steps"]:
        name = each.get("name")
        if name == step:
            steps.append({**each, "run": each["run"].rstrip() + " --nonsense"})
        elif name not in {"Build", "Plan", "Deploy", "Status"}:
            steps.append(each)
    ran = deployed.run(_with(deploy_workflow, steps), "deploy", push())
    assert ran[step].outcome == "failure (2)", ran.log
    assert "--nonsense" in ran[step].log
