"""What runs in one environment is released in another: the very package, without a project."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasktracker_ops.local.registry import EmulatorRegistry

from .conftest import Aws, Clone

pytestmark = pytest.mark.soak
HANDLER = "lambda_function/pages.py"
IDENTITY = ("-c", "user.name=ann", "-c", "user.email=ann@example.com")


def git(clone: Clone, *arguments: str) -> str:
    """Run git in the clone; return what it prints."""
    command = ["git", *IDENTITY, *arguments]
    return subprocess.run(
        command, cwd=clone.path, env=clone.environment, check=True, capture_output=True, text=True
    ).stdout.strip()


def live(clone: Clone, env: str) -> Any:
    """Return the release that serves in an environment."""
    (found,) = (each for each in clone.read("--env", env, "releases")["releases"] if each["live"])
    return found


@pytest.fixture(scope="module")
def deployed(prepared: Clone) -> Clone:
    """Deploy one commit to `default`, and the next one to `staging`."""
    git(prepared, "init", "--quiet")
    (prepared.path / ".gitignore").write_text("function.zip\n.tt-ops/\n")
    git(prepared, "add", ".")
    git(prepared, "commit", "--quiet", "--message", "first")
    prepared.succeed("deploy", "--yes")
    (prepared.path / HANDLER).open("a").write("# second\n")
    git(prepared, "commit", "--quiet", "--all", "--message", "second")
    prepared.succeed("--env", "staging", "deploy", "--yes")
    return prepared


@pytest.fixture
def elsewhere(deployed: Clone, tmp_path: Path) -> Clone:
    """Return a folder that is no project, with the one emulator of the deployment.

    Those of other tests may run, too.
    """
    cache = tmp_path / "cache"
    EmulatorRegistry(cache / "emulators").add(deployed.path / ".tt-ops" / "local")
    environment = {**deployed.environment, "TT_OPS_CACHE_DIR": str(cache)}
    return replace(deployed, path=tmp_path, environment=environment)


def refused(clone: Clone, *arguments: str) -> str:
    """Run a command that fails; return the code of its error."""
    result = clone.run(*arguments, "--yes", "--output", "json")
    assert (result.returncode != 0, result.stdout) == (True, "")
    return str(json.loads(result.stderr)["error"]["code"])


def test_the_package_of_one_environment_serves_in_another(
    deployed: Clone, elsewhere: Clone
) -> None:
    """It has the digest and the commit of the release that it was, and is checked again."""
    question = elsewhere.run("--env", "staging", "promote-to", "default")
    assert (question.returncode, live(elsewhere, "default")["release"]) == (2, 1)
    shutil.rmtree(deployed.path / "lambda_function")
    git(deployed, "commit", "--quiet", "--all", "--message", "third")
    result = elsewhere.read("--env", "staging", "promote-to", "default", "--yes")
    assert (result["release"]["release"], result["release"]["outcome"]) == ("2", "proven")
    source, promoted = live(elsewhere, "staging"), live(elsewhere, "default")
    for key in ("sha256", "commit", "dirty", "outcome"):
        assert source[key] == promoted[key]
    assert promoted["commit"] == git(deployed, "rev-parse", "HEAD~1")
    assert promoted["sha256"] == result["promotion"]["sha256"]
    history = elsewhere.read("releases", "--history")["events"]
    assert "from release 1 of staging" in [each["detail"] for each in history]
    elsewhere.succeed("tasks", "add", "promoted")
    again = elsewhere.succeed("--env", "staging", "promote-to", "default", "--yes")
    assert again.startswith("Nothing to do: release 2 of default has the package of release 1")


def test_what_cannot_be_promoted_is_refused(elsewhere: Clone, aws: Aws) -> None:
    """Each reason has its code, and nothing changes."""
    before = live(elsewhere, "default")
    staging = ("--env", "staging", "promote-to")
    assert refused(elsewhere, *staging, "staging") == "environment-same"
    assert refused(elsewhere, *staging, "nowhere") == "environment-missing"
    assert refused(elsewhere, *staging, "Nowhere") == "usage"
    assert refused(elsewhere, "--env", "nowhere", "promote-to", "default") == "not-deployed"
    bucket, key = "task-tracker-terraform-state", "infra/staging/terraform.tfstate.releases/000001"
    stored = {"Bucket": bucket, "Key": f"{key}.json"}
    record = json.loads(aws("s3").get_object(**stored)["Body"].read())
    for change, code in (
        ({"outcome": "unproven"}, "release-unproven"),
        ({"sha256": "0" * 64}, "package-differs"),
    ):
        aws("s3").put_object(**stored, Body=json.dumps({**record, **change}))
        assert refused(elsewhere, *staging, "default") == code
    aws("s3").put_object(**stored, Body=json.dumps(record))
    aws("lambda").update_function_configuration(
        FunctionName="task-tracker-function", Runtime="python3.13"
    )
    assert refused(elsewhere, *staging, "default") == "platform-differs"
    assert live(elsewhere, "default") == before
