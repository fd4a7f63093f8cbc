"""operations.yml: when it runs, the one issue that it keeps, and nights on an emulator's account.

The nights are long tests: they install tt-ops, start Terraform and follow alarms.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasktracker_ops.local.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests import endpoint
from tests.e2e.conftest import Clone

from .actions import ROOT
from .conftest import ADDRESS
from .events import REPOSITORY, Event, by_hand, nightly, pull_request, push
from .github import BOT
from .runner import Result, Runner, install_gh, load

MONITOR = "arn:aws:iam::123456789012:role/task-tracker-function-monitor"
MARKER = "<!-- tt-ops operations -->\n"
THEIRS = {"number": 1, "user": {"login": BOT}, "state": "open", "body": None}
PERSONS = {"number": 2, "user": {"login": "ada"}, "state": "open", "body": MARKER}
OPERATIONS = load("operations.yml")


@pytest.fixture(scope="module")
def configured(make_runner: Callable[..., Runner]) -> Runner:
    """Return a machine for a repository with the monitor's role."""
    return make_runner(
        {},
        variables={"AWS_MONITOR_ROLE_ARN": MONITOR},
        secrets={"ALERT_EMAIL": ADDRESS},
        roles=frozenset({MONITOR}),
        # Only the emulator's own may sign a request to the drills.
        credentials=(ACCESS_KEY_ID, SECRET_ACCESS_KEY),
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
def test_it_runs_on_main_with_the_role(event: Event, starts: bool, configured: Runner) -> None:
    """Without the role, as in a fork, nothing runs."""
    bare = dataclasses.replace(configured, variables={})
    assert configured.starts(OPERATIONS, "monitor", event) == starts
    assert not bare.starts(OPERATIONS, "monitor", event)


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


@pytest.fixture(scope="module")
def deployed(account: str, emulator: Clone, make_clone: Callable[..., Clone]) -> Clone:
    """Return a clone of what is deployed on the account; the address is confirmed."""
    operator = make_clone(
        **endpoint.account(account, (ACCESS_KEY_ID, SECRET_ACCESS_KEY)), ALERT_EMAIL=ADDRESS
    )
    operator.succeed("deploy", "--yes")
    emulator.succeed("local", "confirm")
    return operator


@pytest.fixture
def night(account: str, configured: Runner, issues: Path) -> Callable[[str], Result]:
    """Return a function that runs the job, whose outcome is expected."""
    environment = {**configured.environment, "AWS_ENDPOINT_URL": account, "GH_ISSUES": str(issues)}
    runner = dataclasses.replace(configured, environment=environment)

    def run(expected: str) -> Result:
        ran = runner.run(OPERATIONS, "monitor", nightly())
        assert ran.outcome == expected, ran.log
        assert ran["Issue"].outcome == "success", ran.log
        assert ADDRESS not in ran.log + issues.read_text()
        return ran

    return run


@pytest.mark.extended
def test_alarms_that_cannot_be_proven_open_the_issue(
    deployed: Clone, night: Callable[[str], Result], issues: Path
) -> None:
    """Both steps find that they are muted, and the last one runs all the same."""
    deployed.succeed("alarms", "mute", "--for", "1h", "--reason", "night")
    muted = night("failure")
    deployed.succeed("alarms", "unmute")
    for step in ("Drift", "Alarms"):
        assert "LambdaErrorAlarm is muted until" in muted[step].log + muted[step].summary
    (issue,) = _ours(issues)
    assert issue["state"] == "open"
    assert "## Drift: failure" in issue["body"]
    assert "## Alarms: failure" in issue["body"]


@pytest.mark.extended
def test_proven_alarms_close_the_issue(
    deployed: Clone, night: Callable[[str], Result], issues: Path
) -> None:
    """The drill is followed to its end."""
    ours = {"number": 3, "user": {"login": BOT}, "state": "open", "body": MARKER}
    issues.write_text(json.dumps([THEIRS, PERSONS, ours]))
    assert "All alarms are proven." in night("success").summary
    assert [each["state"] for each in _ours(issues)] == ["closed"]
    assert deployed.read("status")["alarms_proven_at"]


@pytest.mark.extended
def test_drift_opens_the_issue(
    account: str, deployed: Clone, night: Callable[[str], Result], issues: Path
) -> None:
    """Alarms that were proven a moment ago are not fired again."""
    deployed.succeed("drill", "--all", "--older-than", "7d")
    iam = endpoint.client("iam", account)
    policy = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    iam.put_role_policy(
        RoleName="task-tracker-function",
        PolicyName="by-hand",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [policy]}),
    )
    assert "nothing was fired" in night("failure").summary
    (issue,) = _ours(issues)
    assert "by-hand" in issue["body"]
    assert "Alarms" not in issue["body"]
