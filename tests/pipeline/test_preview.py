"""preview.yml: which events start its jobs, and the life of a preview on an emulator's account.

The run itself is a long test: it installs tt-ops and starts Terraform several times.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.endpoint import LOCKS, client

from .events import Event, nightly, pull_request, push
from .github import BOT
from .runner import Runner, load

PREVIEWER = "arn:aws:iam::123456789012:role/task-tracker-function-previewer"
MARKER = "<!-- tt-ops deploy pr-7 -->"
LABEL = ("preview",)
PREVIEW = load("preview.yml")


@pytest.fixture(scope="module")
def configured(make_runner: Callable[..., Runner]) -> Runner:
    """Return a machine for a repository with the previewer's role."""
    return make_runner(
        {}, variables={"AWS_PREVIEW_ROLE_ARN": PREVIEWER}, roles=frozenset({PREVIEWER})
    )


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (pull_request("labeled", labels=LABEL, label="preview"), ["deploy"]),
        (pull_request("synchronize", labels=("bug", "preview")), ["deploy"]),
        (pull_request("reopened", labels=LABEL), ["deploy"]),
        (pull_request("closed", labels=LABEL, state="closed"), ["destroy"]),
        (pull_request("unlabeled", label="preview"), ["destroy"]),
        (nightly(), ["prune"]),
        # another label, or none
        (pull_request("labeled", labels=("bug", "preview"), label="bug"), []),
        (pull_request("unlabeled", labels=LABEL, label="bug"), []),
        (pull_request("synchronize", labels=("bug",)), []),
        (pull_request("closed", state="closed"), []),
        (pull_request("labeled", labels=LABEL, label="preview", state="closed"), []),
        # without credentials
        (pull_request("labeled", labels=LABEL, label="preview", head="somebody/fork"), []),
        (pull_request("closed", labels=LABEL, state="closed", head="somebody/fork"), []),
        (pull_request("synchronize", labels=LABEL, author="dependabot[bot]"), []),
        (push(), []),
    ],
)
def test_the_label_starts_and_ends_a_preview(
    event: Event, expected: list[str], configured: Runner
) -> None:
    """An open pull request with the label has one; without the role no job runs."""
    bare = dataclasses.replace(configured, variables={})
    for runner, jobs in ((configured, expected), (bare, [])):
        started = [j for j in PREVIEW["jobs"] if runner.starts(PREVIEW, j, event)]
        assert started == jobs


def _change_the_code(checkout: Path) -> None:
    handler = checkout / "lambda_function" / "handler.py"
    handler.write_text(f"{handler.read_text()}\n# changed\n")


@pytest.mark.soak
def test_preview_lives_as_long_as_its_pull_request(
    account: str, configured: Runner, tmp_path: Path
) -> None:
    """The label deploys it, a push updates it, the end destroys it; one comment tells where."""
    comments = tmp_path / "comments"
    theirs = {"id": 1, "user": {"login": BOT}, "body": "of another workflow"}
    comments.write_text(json.dumps([theirs]))
    environment = {"AWS_ENDPOINT_URL": account, "GH_COMMENTS": str(comments)}
    runner = dataclasses.replace(configured, environment={**configured.environment, **environment})

    def comment_after(job: str, event: Event, runner: Runner = runner) -> str:
        """Run the job; return our comment."""
        ran = runner.run(PREVIEW, job, event)
        assert ran.outcome == "success", ran.log
        first, ours = json.loads(comments.read_text())
        assert first == theirs
        assert ours["body"].startswith(f"{MARKER}\n")
        return str(ours["body"])

    live = comment_after("deploy", pull_request("labeled", labels=LABEL, label="preview"))
    (address,) = re.findall("`pr-7` is live: (.*)", live)
    assert requests.get(f"{address}/health", timeout=10).status_code == 200
    assert "Release 1 (proven)" in live
    assert "`aws_dynamodb_table.tasks`" in live
    changed = dataclasses.replace(runner, edit=_change_the_code)
    updated = comment_after("deploy", pull_request("synchronize", labels=LABEL), changed)
    assert f"is live: {address}\n" in updated
    assert "Release 2 (proven)" in updated
    ended = comment_after("destroy", pull_request("closed", labels=LABEL, state="closed"))
    assert "`pr-7` is destroyed" in ended
    assert client("dynamodb", account).list_tables()["TableNames"] == [LOCKS]


@pytest.mark.soak
def test_the_nightly_job_prunes(account: str, configured: Runner) -> None:
    """It needs no deployment, and no comment."""
    environment = {**configured.environment, "AWS_ENDPOINT_URL": account}
    runner = dataclasses.replace(configured, environment=environment)
    ran = runner.run(PREVIEW, "prune", nightly())
    assert ran.outcome == "success", ran.log
    assert "Nothing to prune" in ran.log
