"""An account on an emulator, as somebody has bootstrapped it, and machines for the jobs.

- `account`: the address of the emulator, with a state backend.
- `make_runner`: makes a machine that runs jobs of `deploy_workflow` and `ci_workflow`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tasktracker_ops.adapters.terraform.toolchain import TerraformBinary

from .runner import ROOT, WORKFLOWS, Runner, load

TT_OPS = Path(sys.executable).with_name("tt-ops")
ADDRESS = "on-call-canary@example.com"


@pytest.fixture(scope="session")
def deploy_workflow() -> dict[str, Any]:
    """deploy.yml."""
    return load(WORKFLOWS / "deploy.yml")


@pytest.fixture(scope="session")
def ci_workflow() -> dict[str, Any]:
    """ci.yml."""
    return load(WORKFLOWS / "ci.yml")


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of an emulator that has a state backend, and nothing else."""
    project = tmp_path_factory.mktemp("operator")
    for folder in ("terraform", "bootstrap", "lambda_function"):
        shutil.copytree(
            ROOT / folder,
            project / folder,
            ignore=shutil.ignore_patterns("__pycache__", ".terraform", "*.tfstate*", "*.tfvars"),
        )

    def operate(*arguments: str) -> str:
        return subprocess.run(
            [TT_OPS, "--target", "local", *arguments],
            cwd=project,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(project), **_LOCAL},
            check=True,
            capture_output=True,
            text=True,
            timeout=240,
        ).stdout

    operate("bootstrap", "--yes")
    yield str(json.loads(operate("local", "status", "--output", "json"))["url"])
    operate("local", "down")


_LOCAL = {"TT_OPS_LOCAL_PORT": "0"}


@pytest.fixture(scope="module")
def make_runner(
    tmp_path_factory: pytest.TempPathFactory, terraform_binary: TerraformBinary
) -> Callable[..., Runner]:
    """Make a machine that has Terraform, and whose jobs use no fixed port."""
    place = tmp_path_factory.mktemp("runner")

    def make(environment: Mapping[str, str], **more: Any) -> Runner:
        return Runner(place, terraform_binary.path, {**_LOCAL, **environment}, **more)

    return make
