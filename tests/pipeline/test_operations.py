"""operations.yml: when it runs, the one issue that it keeps, and a week on an emulator's account.

The week is a long test: it installs tt-ops, starts Terraform and follows alarms.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.e2e.conftest import Clone

from .conftest import ADDRESS
from .events import REPOSITORY, Event, by_hand, nightly, pull_request, push
from .github import BOT
from .runner import ROOT, Result, Runner, install_gh

MONITOR = "arn:aws:iam::123456789012:role/task-tracker-function-monitor"
MARKER = "<!-- tt-ops operations -->\n"
THEIRS = {"number": 1, "user": {"login": BOT}, "state": "open", "body": None}
PERSONS = {"number": 2, "user": {"login": "ada"}, "state": "open", "body": MARKER}
Workflow = dict[str, Any]


@pytest.fixture(scope="module")
def configured(make_runner: Callable[..., Runner]) -> Runner:
    """Return a machine for a repository with the monitor's role."""
    return make_runner(
        {},
        variables={"AWS_MONITOR_ROLE_ARN": MONITOR},
        secrets={"ALERT_EMAIL": ADDRESS},
        roles=frozenset({MONITOR}),
    )


@pytest.mark.parametrize(
    ("event", "starts"),
    [
        (nightly(), True),
        (by_hand("main"), True),
        (by_hand("other"), False),
        (push("other"), False),
        (pull_request(), False),
    ],
)
def test_it_runs_on_main_with_the_role(
    event: Event, starts: bool, configured: Runner, operations_workflow: Workflow
) -> None:
    """Without the role, as in a fork, nothing runs."""
    bare = dataclasses.replace(configured, variables={})
    assert configured.starts(operations_workflow, "monitor", event) == starts
    assert not bare.starts(operations_workflow, "monitor", event)


@pytest.fixture
def issues(tmp_path: Path) -> Path:
    """Return the file of a repository's issues: one of another workflow, and one of a person."""
    file = tmp_path / "issues"
    file.write_text(json.dumps([THEIRS, PERSONS]))
    return file


def _ours(issues: Path) -> list[dict[str, Any]]:
    """Return all issues of the workflow; the others are as they were."""
    theirs, persons, *ours = json.loads(issues.read_text())
    assert (theirs, persons) == (THEIRS, PERSONS)
    return ours


def test_one_issue_is_open_while_something_is_wrong(issues: Path, tmp_path: Path) -> None:
    """Later runs change it, and close it once all is well; a later fault opens another one."""
    install_gh(tmp_path / "gh")
    (tmp_path / "drift.md").write_text("a role has a policy")
    (tmp_path / "alarms.txt").write_text("The drill failed.\n" * 9_999)

    def run(drift: str, alarms: str) -> list[str]:
        """Run the script after these outcomes; return the states of the issues."""
        environment = {
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "GH_TOKEN": "t",
            "GH_ISSUES": str(issues),
            "GITHUB_REPOSITORY": REPOSITORY,
            "RUNNER_TEMP": str(tmp_path),
            "RUN": "https://github.com/o/r/actions/runs/42",
            "DRIFT": drift,
            "ALARMS": alarms,
        }
        subprocess.run(["bash", ROOT / ".github/issue.sh"], env=environment, check=True)
        return [each["state"] for each in _ours(issues)]

    assert run("success", "success") == []
    assert run("failure", "success") == ["open"]
    (issue,) = _ours(issues)
    assert issue["body"].startswith(MARKER)
    assert "## Drift: failure\n\na role has a policy" in issue["body"]
    assert "actions/runs/42" in issue["body"]
    assert "Alarms" not in issue["body"]
    assert run("success", "failure") == ["open"]
    (issue,) = _ours(issues)
    assert "## Alarms: failure\n\n    The drill failed.\n" in issue["body"]
    assert "Drift" not in issue["body"]
    assert run("success", "success") == ["closed"]
    (tmp_path / "drift.md").unlink()  # a step before it failed
    assert run("skipped", "failure") == ["closed", "open"]


def _run(
    runner: Runner, workflow: Workflow, account: str, issues: Path, *, expected: str
) -> Result:
    environment = {"AWS_ENDPOINT_URL": account, "GH_ISSUES": str(issues)}
    ready = dataclasses.replace(runner, environment={**runner.environment, **environment})
    ran = ready.run(workflow, "monitor", nightly())
    assert ran.outcome == expected, ran.log
    assert ran["Issue"].outcome == "success", ran.log
    assert ADDRESS not in ran.log + issues.read_text()
    return ran


@pytest.mark.extended
def test_a_week_of_nights(
    account: str,
    emulator: Clone,
    make_clone: Callable[..., Clone],
    configured: Runner,
    operations_workflow: Workflow,
    issues: Path,
) -> None:
    """Once nothing is wrong the alarms are proven, and not drilled again the next night."""
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "ALERT_EMAIL": ADDRESS}
    operator = make_clone(AWS_ENDPOINT_URL=account, **keys)
    operator.succeed("deploy", "--yes")
    emulator.succeed("local", "confirm")
    operator.succeed("alarms", "mute", "--for", "1h", "--reason", "night")

    def night(expected: str) -> Result:
        return _run(configured, operations_workflow, account, issues, expected=expected)

    muted = night("failure")
    (issue,) = _ours(issues)
    assert issue["state"] == "open"
    assert "## Drift: failure" in issue["body"]
    for step in ("Drift", "Alarms"):
        assert "LambdaErrorAlarm is muted until" in muted[step].log + muted[step].summary
    operator.succeed("alarms", "unmute")
    assert "All alarms are proven." in night("success").summary
    assert [each["state"] for each in _ours(issues)] == ["closed"]
    iam = boto3.Session("a", "b", region_name="eu-west-3").client("iam", endpoint_url=account)
    policy = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    iam.put_role_policy(
        RoleName="task-tracker-function",
        PolicyName="by-hand",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [policy]}),
    )
    assert "nothing was fired" in night("failure").summary
    assert [each["state"] for each in _ours(issues)] == ["closed", "open"]
    assert "by-hand" in _ours(issues)[-1]["body"]
