"""Results of the commands on a deployment as text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tasktracker_ops.models.deployment import DestroyResult, FirstDeploy
from tasktracker_ops.models.release import Bake, ReleaseResult
from tasktracker_ops.output.deployment import first_deploy_question

from .examples import BOOTSTRAP, DEPLOY, DEPLOYMENT, EMPTY_PLAN, PLAN

FIRST = ReleaseResult("1", "$LATEST", "proven", "passed", changed=True)


@pytest.mark.parametrize(
    ("result", "parts"),
    [
        (BOOTSTRAP, ["State backend: 1 added", "state bucket  bucket", "lock table    locks"]),
        (replace(BOOTSTRAP, plan=EMPTY_PLAN), ["State backend: up to date."]),
        (DEPLOY, ["Deployed: 1 added", "API      https://abc", "release  2 (proven)"]),
        (DEPLOY, ["The API is public", "  tt-ops rollback", "checks   passed"]),
        (DEPLOY, ["! a subscription is pending\n  confirm it: tt-ops local confirm"]),
        (
            replace(DEPLOY, release=replace(DEPLOY.release, checks="partly passed")),
            ["table was not checked", "TT_OPS_API_TOKEN"],
        ),
        (
            replace(DEPLOY, plan=EMPTY_PLAN, release=replace(DEPLOY.release, checks="not needed")),
            ["Nothing to do", "checks   not needed"],
        ),
        (replace(DEPLOY, plan=EMPTY_PLAN), ["Deployed: release 2."]),
        (replace(DEPLOY, plan=None), ["Deployed: release 2."]),
        (
            replace(DEPLOY, plan=None, release=replace(DEPLOY.release, checks="not needed")),
            ["Nothing to do: the live release has this code."],
        ),
        (
            replace(DEPLOY, release=replace(DEPLOY.release, bake=Bake(0.1, "", None))),
            ["release 2 takes 10% of the requests, release 1 the others.", "  tt-ops promote\n"],
        ),
        (
            replace(DEPLOY, deployment=replace(DEPLOYMENT, api_auth="AWS_IAM")),
            ["The API requires authentication (AWS_IAM)."],
        ),
        (DEPLOYMENT, ["alarm_names     LambdaErrorAlarm, LambdaDurationAlarm", "schema  "]),
        (DestroyResult(PLAN, backend=False), ["Removed 1 resource. The state backend remains."]),
        (DestroyResult(EMPTY_PLAN, backend=True), ["Nothing to remove.", "was removed too"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_results_are_readable_text(show: Callable[..., str], result: Any, parts: list[str]) -> None:
    """The text has these parts, aligned."""
    text = show(result)
    for part in parts:
        assert part in text


def test_next_commands_keep_the_target(show: Callable[..., str]) -> None:
    """The three commands proposed after a deploy go to the same target."""
    assert show(DEPLOY, target="local").count("  tt-ops --target local ") == 3


@pytest.mark.parametrize(
    ("release", "problems", "commands"),
    [
        (FIRST, DEPLOY.problems, "tasks open watch"),
        (FIRST, (), "tasks open watch trigger-error"),
        (DEPLOY.release, (), "watch logs rollback"),
        (replace(DEPLOY.release, changed=False), (), "status"),
    ],
)
def test_next_commands_make_sense(
    show: Callable[..., str], release: ReleaseResult, problems: Any, commands: str
) -> None:
    """A drill only where somebody is notified, a rollback only where a release was replaced."""
    text = show(replace(DEPLOY, release=release, problems=problems))
    lines = text.partition("Next:\n")[2].splitlines()
    assert " ".join(line.split()[1] for line in lines) == commands


def test_a_first_deploy_is_asked_about_as_a_whole() -> None:
    """What it creates has its names."""
    first = FirstDeploy("AWS in eu-west-3", "b", "l", "f", "t", downloads_terraform=False)
    question = first_deploy_question(first)
    assert question.startswith("Nothing is deployed yet to AWS in eu-west-3.\n")
    assert all(f"{name!r}" in question for name in "blft")
    assert "Terraform" not in question
    downloading = first_deploy_question(replace(first, downloads_terraform=True))
    assert "  Terraform      downloaded" in downloading
