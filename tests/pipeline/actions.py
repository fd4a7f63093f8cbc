"""The actions that the workflows use, imitated on this machine."""

from __future__ import annotations

import fnmatch
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tasktracker_ops.adapters.terraform.toolchain import TERRAFORM_VERSION

if TYPE_CHECKING:
    from .runner import Job

ROOT = Path(__file__).parents[2]


def check_out(workspace: Path) -> None:
    """Copy the tree under test, without .git and what its .gitignore names."""
    lines = (ROOT / ".gitignore").read_text().split()

    def excluded(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if name == ".git" or _is_ignored(name, lines)}

    shutil.copytree(ROOT, workspace, ignore=excluded, symlinks=True)


def _is_ignored(name: str, lines: Sequence[str]) -> bool:
    """Return whether the last line that matches the name excludes it."""
    ignored = False
    for line in lines:
        if fnmatch.fnmatch(name, line.lstrip("!").strip("/")):
            ignored = not line.startswith("!")
    return ignored


def _checkout(job: Job, inputs: Mapping[str, str]) -> None:
    """Check out the tree under test, and edit it."""
    assert inputs == {"persist-credentials": "false"}
    job.workspace.rmdir()
    check_out(job.workspace)
    job.runner.edit(job.workspace)


def _setup_python(job: Job, inputs: Mapping[str, str]) -> None:
    """Put this Python on PATH, in a clean environment."""
    assert inputs["python-version"] in {"3.11", "3.12", "3.13"}
    assert inputs["cache"] == "pip"
    assert list(job.workspace.glob(inputs["cache-dependency-path"]))
    scripts = [step.get("run", "") for step in job.definition["steps"]]
    installs = [line for script in scripts for line in script.splitlines() if "pip " in line]
    job.path.insert(0, job.runner.python("\n".join(installs)))


def _setup_terraform(job: Job, inputs: Mapping[str, str]) -> None:
    """Put the Terraform of this machine on PATH."""
    assert inputs == {"terraform_version": TERRAFORM_VERSION, "terraform_wrapper": "false"}
    (job.tools / "terraform").symlink_to(job.runner.terraform.absolute())


def _cache(job: Job, inputs: Mapping[str, str]) -> None:
    """Share the path among all jobs with the same key."""
    assert set(inputs) == {"path", "key"}
    stored = job.runner.place / "cache" / inputs["key"]
    stored.mkdir(parents=True, exist_ok=True)
    path = Path(inputs["path"].replace("~", str(job.home), 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(stored)


def _configure_aws_credentials(job: Job, inputs: Mapping[str, str]) -> None:
    """Export credentials: temporary ones of a role, or the given keys."""
    key, secret = inputs.get("aws-access-key-id"), inputs.get("aws-secret-access-key")
    if role := inputs.get("role-to-assume"):
        assert not key
        assert role in job.runner.roles
        assert job.trusted
        assert job.definition["permissions"]["id-token"] == "write"
        key, secret = job.runner.credentials
        job.exported["AWS_SESSION_TOKEN"] = "token-of-the-role"
    assert key
    assert secret
    job.exported |= {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
    job.exported |= dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"), inputs["aws-region"])


ACTIONS: Mapping[str, Callable[[Job, Mapping[str, str]], None]] = {
    "actions/checkout": _checkout,
    "actions/setup-python": _setup_python,
    "actions/cache": _cache,
    "hashicorp/setup-terraform": _setup_terraform,
    "aws-actions/configure-aws-credentials": _configure_aws_credentials,
}
