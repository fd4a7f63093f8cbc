"""Checks of the workflows, of the roles in moto's account, and of the repository by `gh`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasktracker_ops.adapters.aws.iam import GITHUB_ISSUER, Iam
from tasktracker_ops.adapters.aws.state_backend import GITHUB_STATE_KEY
from tasktracker_ops.adapters.host.github_api import GitHub
from tasktracker_ops.models.doctor import Check
from tests.workflows.locking import BUCKET

RunCheck = Callable[[Any, str], Check]
ROLE = "tracker-deployer"
NAMES = "repo:octo-org/octo-repo:environment:production"
IDS = "repo:octo-org@123456/octo-repo@456789:environment:production"
GH = """#!/bin/sh
[ "$1" = variable ] && cat {folder}/variables.json || cat {folder}/secrets.json
"""


def trust(*subjects: str, repository_id: str = "456789") -> str:
    """Return the policy of a role."""
    equals = {f"{GITHUB_ISSUER}:sub": subjects, f"{GITHUB_ISSUER}:repository_id": repository_id}
    statement = {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity"}
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{**statement, "Condition": {"StringEquals": equals}}],
        }
    )


@pytest.fixture
def github(backend: Any, tmp_path: Path) -> Any:
    """A project with a remote on GitHub, which nothing answers for, and its role."""
    role = backend.session.client("iam").create_role(
        RoleName=ROLE, AssumeRolePolicyDocument=trust(NAMES, IDS)
    )["Role"]["Arn"]
    outputs = json.dumps({"outputs": {"deployer_role_arn": {"value": role}}})
    backend.session.client("s3").put_object(Bucket=BUCKET, Key=GITHUB_STATE_KEY, Body=outputs)
    remote = ("remote", "add", "origin", "git@github.com:octo-org/octo-repo.git")
    for words in (("init", "--quiet"), remote):
        subprocess.run(["git", "-C", tmp_path, *words], check=True)
    backend.iam = Iam(backend.session)
    backend.github = GitHub("http://127.0.0.1:9")
    backend.role = role
    return backend


def test_a_role_trusts_the_repository_in_both_forms(
    run_check: RunCheck, github: Any, tmp_path: Path
) -> None:
    """By name and id; those of GitHub itself are compared where it shows them."""
    assert "octo-org/octo-repo (456789), in both forms" in run_check(github, "github roles").detail
    update = github.session.client("iam").update_assume_role_policy
    for policy, reason in (
        (trust(NAMES), "both forms"),
        (trust(IDS), "both forms"),
        (trust(NAMES, IDS.replace("octo-repo", "other")), "no single repository"),
        (trust(*(s.replace("octo-repo", "other") for s in (NAMES, IDS))), "not 'octo-org/octo-"),
    ):
        update(RoleName=ROLE, PolicyDocument=policy)
        found = run_check(github, "github roles")
        assert (found.state, reason in found.detail) == ("failed", True), found.detail
        assert found.fix == "give it access again: tt-ops bootstrap --github octo-org/octo-repo"
    github.session.client("iam").delete_role(RoleName=ROLE)
    assert "does not exist" in run_check(github, "github roles").detail


def test_another_repository_of_the_same_name_is_found(
    run_check: RunCheck, github: Any, server: Any
) -> None:
    """Its id is another one."""
    content = {"full_name": "octo-org/octo-repo", "owner": {"id": 1}, "id": 2}
    server.will_answer(200, json.dumps(content), content_type="application/json")
    github.github = GitHub(server.url)
    assert "has the id 2" in run_check(github, "github roles").detail


def test_the_settings_of_the_repository_are_read_by_gh(
    run_check: RunCheck, github: Any, tmp_path: Path
) -> None:
    """Without it the check is skipped; the fix sets all that is wrong."""
    folder = tmp_path / "bin"
    folder.mkdir()
    github.settings = replace(github.settings, environ={"PATH": f"{folder}:/usr/bin:/bin"})
    assert run_check(github, "github settings").state == "skipped"
    gh = folder / "gh"
    gh.write_text(GH.format(folder=folder))
    gh.chmod(0o755)
    (folder / "variables.json").write_text("[]")
    (folder / "secrets.json").write_text("[]")
    found = run_check(github, "github settings")
    assert (found.state, found.fix) == (
        "failed",
        f"set them: gh variable set AWS_ROLE_ARN --body {github.role} --repo octo-org/octo-repo "
        "&& gh secret set ALERT_EMAIL --repo octo-org/octo-repo",
    )
    variables = [{"name": "AWS_ROLE_ARN", "value": github.role}]
    (folder / "variables.json").write_text(json.dumps(variables))
    (folder / "secrets.json").write_text('[{"name": "ALERT_EMAIL"}]')
    assert run_check(github, "github settings").state == "ok"
