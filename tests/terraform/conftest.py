"""Real Terraform on the real files, offline, with everything it writes kept out of the tree.

- `stack`: each folder of Terraform files in turn.
- `terraform`: runs `terraform` in a folder.
"""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tasktracker_ops.adapters.terraform.providers import ProviderSource
from tasktracker_ops.adapters.terraform.toolchain import TerraformBinary

ROOT = Path(__file__).parents[2]
STACKS = ("terraform", "bootstrap", "bootstrap/github")

Terraform = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session", params=STACKS)
def stack(request: pytest.FixtureRequest) -> Path:
    """Return each folder of Terraform files in turn."""
    return ROOT / str(request.param)


@pytest.fixture(scope="session")
def terraform(
    tmp_path_factory: pytest.TempPathFactory, terraform_binary: TerraformBinary
) -> Terraform:
    """Return a function that runs `terraform` in a folder."""
    place = tmp_path_factory.mktemp("terraform")
    # AWS and Terraform variables of the developer must not reach into a test.
    inherited = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}

    def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        providers = ProviderSource.choose(
            os.environ,
            lock_file=folder / ".terraform.lock.hcl",
            platform=terraform_binary.platform,
            plugin_cache=place / "providers",
        ).environment(place)
        return subprocess.run(
            [terraform_binary.path, f"-chdir={folder}", *arguments],
            env={
                **inherited,
                **providers,
                "CHECKPOINT_DISABLE": "1",
                "TF_DATA_DIR": str(place / folder.name),
                "TF_IN_AUTOMATION": "1",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run
