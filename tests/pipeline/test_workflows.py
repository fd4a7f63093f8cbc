"""Rules for every workflow: pins, permissions, secrets, limits."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from tasktracker_ops.cli.context import Context
from tasktracker_ops.cli.main import cli

from .actions import ROOT
from .runner import WORKFLOWS, load

# The commits that these tags of the actions' repositories point to.
PINS = {
    "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
    "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0",
    "actions/cache@27d5ce7f107fe9357f9df03efb73ab90386fccae # v5.0.5",
    "hashicorp/setup-terraform@dfe3c3f87815947d99a8997f908cb6525fc44e9e # v4.0.1",
    "aws-actions/configure-aws-credentials@e6de054238d6b7531b4efff3b6587d9aade6a06c # v6.2.3",
}
FILES = sorted(WORKFLOWS.iterdir())
REHEARSED = {
    "deploy.yml": {"deploy"},
    "rollback.yml": {"rollback"},
    "preview.yml": {"deploy", "destroy", "prune"},
    "operations.yml": {"monitor"},
    "check.yml": {"end-to-end", "plan"},
    "ci.yml": {"lint", "test", "long-test"},
}
_WITH_CREDENTIALS = {
    file: jobs - {"end-to-end", "lint", "test", "long-test"} for file, jobs in REHEARSED.items()
}
# Values of the variables that a command may have, each as one word.
_EXAMPLES = {"CANARY": "10%", "BAKE": "5m", "RELEASE": "12", "PREVIEW": "pr-7"}

each_workflow = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)


def _steps(file: Path) -> Iterator[dict[str, Any]]:
    for job in load(file)["jobs"].values():
        yield from job["steps"]


def test_every_job_is_rehearsed() -> None:
    """Each job of a workflow is in the list of those that tests run."""
    assert {file.name: set(load(file)["jobs"]) for file in FILES} == REHEARSED


@each_workflow
def test_actions_are_pinned(file: Path) -> None:
    """Each `uses:` names a full commit, and its version in a comment."""
    used = re.findall(r"uses: *(.*)", file.read_text())
    assert used
    assert set(used) <= PINS


@each_workflow
def test_nothing_is_allowed_by_default(file: Path) -> None:
    """Permissions are per job; only jobs with credentials have more than `contents: read`."""
    workflow = load(file)
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        more = set(job["permissions"]) - {"contents"}
        assert job["permissions"]["contents"] == "read"
        assert bool(more) == (name in _WITH_CREDENTIALS[file.name])
        assert more <= {"id-token", "pull-requests", "issues"}


@each_workflow
def test_secrets_stay_in_the_jobs_with_credentials(file: Path) -> None:
    """Other jobs use neither secrets nor the token, so they are the same for a fork."""
    for name, job in load(file)["jobs"].items():
        text = yaml.safe_dump(job)
        asks = "secrets." in text or "github.token" in text
        assert name in _WITH_CREDENTIALS[file.name] or not asks, name


@each_workflow
def test_jobs_with_credentials_install_what_is_locked(file: Path) -> None:
    """They install locked packages by hash, and the project without dependencies."""
    for name in _WITH_CREDENTIALS[file.name]:
        scripts = "\n".join(s.get("run", "") for s in load(file)["jobs"][name]["steps"])
        assert re.findall(r"pip .*", scripts) == [
            "pip install --require-hashes --requirement requirements/deploy.txt",
            "pip install --no-deps --requirement requirements/tt-ops.txt",
        ]


@each_workflow
def test_jobs_with_credentials_name_their_target(file: Path) -> None:
    """The tt-ops.toml of a project has the local target, for terminals."""
    for name in _WITH_CREDENTIALS[file.name]:
        assert load(file)["jobs"][name]["env"]["TT_OPS_TARGET"] == "aws"


@each_workflow
def test_checkouts_leave_no_token_behind(file: Path) -> None:
    """The token of the job is not written into the clone's configuration."""
    checkouts = [s for s in _steps(file) if s.get("uses", "").startswith("actions/checkout@")]
    assert len(checkouts) == len(load(file)["jobs"])
    assert all(s["with"] == {"persist-credentials": "false"} for s in checkouts)


@each_workflow
def test_scripts_hold_no_expressions(file: Path) -> None:
    """Values reach a script as variables, so no title or branch is run as code."""
    assert not [s for s in _steps(file) if "${{" in s.get("run", "")]


@each_workflow
def test_jobs_have_time_limits(file: Path) -> None:
    """Each job has a time limit and a concurrency group, of its own or its workflow's."""
    workflow = load(file)
    for name, job in workflow["jobs"].items():
        assert int(job["timeout-minutes"]) <= 45, name
        assert "concurrency" in job or "concurrency" in workflow, name


def test_jobs_that_lock_the_state_are_not_cancelled() -> None:
    """A newer push waits for a deploy, a rollback or a plan; runs of other branches are apart.

    A preview is deployed and destroyed in turn, also when its pull request was merged meanwhile.
    """
    preview = load("preview.yml")["jobs"]
    assert preview["deploy"]["concurrency"] == preview["destroy"]["concurrency"]
    assert preview["deploy"]["concurrency"] == {
        "group": "preview-${{ github.event.pull_request.number }}",
        "cancel-in-progress": "false",
    }
    deploy, check = load("deploy.yml"), load("check.yml")
    rollback = load("rollback.yml")
    assert deploy["concurrency"] == rollback["concurrency"]
    assert deploy["concurrency"] == {
        "group": "deploy-${{ github.ref }}",
        "cancel-in-progress": "false",
    }
    assert check["jobs"]["plan"]["concurrency"]["cancel-in-progress"] == "false"


@each_workflow
def test_cancellation_reaches_tt_ops(file: Path) -> None:
    """GitHub signals the step's shell alone, so tt-ops takes the shell's place.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-cancellation
    """
    for name in _WITH_CREDENTIALS[file.name]:
        for step in load(file)["jobs"][name]["steps"]:
            if re.search(
                r"tt-ops (plan|deploy|rollback|environments|drift|drill)", step.get("run", "")
            ):
                assert step["run"].startswith("exec tt-ops "), step


@each_workflow
def test_commands_fit_the_command_line(file: Path) -> None:
    """The CLI knows the commands, options and values of the steps, whatever variables are set."""
    scripts = "\n".join(step.get("run", "") for step in _steps(file))
    for line in re.findall(r"tt-ops (.+?)(?: [|>].*)?$", scripts, re.M):
        _parse(_words(line, {}))
        _parse(_words(line, _EXAMPLES))


def _words(line: str, variables: dict[str, str]) -> list[str]:
    """Return the words of a command as bash expands it."""
    words = subprocess.run(
        ["bash", "-c", f"printf '%s\\n' {line}"], env=variables, stdout=subprocess.PIPE, check=True
    )
    return words.stdout.decode().splitlines()


def _parse(arguments: list[str]) -> None:
    """Let the CLI parse a command without running it."""
    command: click.Command = cli
    context = None
    while isinstance(command, click.Group):
        context = command.make_context(None, arguments, parent=context, obj=Context())
        rest = [*context._protected_args, *context.args]
        _, found, arguments = command.resolve_command(context, rest)
        assert found is not None
        command = found
    command.make_context(None, arguments, parent=context)


def test_deploys_and_rollbacks_wait_for_approval() -> None:
    """The job's environment is the one that the deployer's role trusts by default."""
    for name in ("deploy", "rollback"):
        assert load(f"{name}.yml")["jobs"][name]["environment"] == "production"


def test_ci_runs_the_test_command_of_the_readme() -> None:
    """CI runs the test command as README gives it."""
    run = [step.get("run") for step in load("ci.yml")["jobs"]["test"]["steps"]]
    assert run[-1] in (ROOT / "README.md").read_text().splitlines()


def test_dependabot_sees_every_dependency() -> None:
    """Dependabot updates actions, Python, npm and providers, a week after a release."""
    updates = load(ROOT / ".github/dependabot.yml")["updates"]
    ecosystems = {"github-actions", "pip", "terraform", "npm"}
    assert {each["package-ecosystem"] for each in updates} == ecosystems
    assert all(int(each["cooldown"]["default-days"]) >= 7 for each in updates)
    assert all(each["groups"] for each in updates)
    packages = {
        f"/{lock.parent.relative_to(ROOT)}"
        for lock in (
            *ROOT.glob(".ci/*/package-lock.json"),
            *ROOT.glob("tests/**/package-lock.json"),
        )
    }
    (npm,) = [each for each in updates if each["package-ecosystem"] == "npm"]
    assert packages == set(npm["directories"])
    stacks = {
        f"/{main.parent.relative_to(ROOT)}"
        for main in ROOT.glob("[!.]*/**/.terraform.lock.hcl")
        if main.relative_to(ROOT).parts[0] != "build"  # pip copies them for the wheel
    }
    (terraform,) = [each for each in updates if each["package-ecosystem"] == "terraform"]
    assert stacks <= set(terraform["directories"])
