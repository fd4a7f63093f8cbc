"""Real Terraform on the real files, offline, with everything it writes kept out of the tree."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STACKS = ("terraform", "bootstrap")
MIRRORED = "registry.terraform.io/hashicorp/aws"

Terraform = Callable[..., subprocess.CompletedProcess[str]]


def _provider_mirror() -> Path | None:
    """Return the folder of an unpacked provider mirror on this machine, if there is one."""
    plugins = (
        Path.home() / ".terraform.d/plugins",
        Path.home() / ".local/share/terraform/plugins",
        Path("/usr/local/share/terraform/plugins"),
    )
    candidates = (*sorted(Path("/opt").glob("*")), *plugins)
    return next((place for place in candidates if (place / MIRRORED).is_dir()), None)


@pytest.fixture(scope="session", params=STACKS)
def stack(request: pytest.FixtureRequest) -> Path:
    """Each folder of Terraform files in turn."""
    return ROOT / str(request.param)


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Run `terraform` in a folder of the project and return what it said."""
    place = tmp_path_factory.mktemp("terraform")
    cli_config = place / "cli.tfrc"
    mirror = _provider_mirror()
    cli_config.write_text(
        f'provider_installation {{\n  filesystem_mirror {{ path = "{mirror}" }}\n}}\n'
        if mirror
        else ""
    )

    def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        # AWS and Terraform variables of the developer must not reach into a test.
        inherited = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        return subprocess.run(
            ["terraform", f"-chdir={folder}", *arguments],
            env={
                **inherited,
                "CHECKPOINT_DISABLE": "1",
                "TF_CLI_CONFIG_FILE": str(cli_config),
                "TF_DATA_DIR": str(place / folder.name),
                "TF_IN_AUTOMATION": "1",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run
