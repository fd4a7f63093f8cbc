"""Clients generated from docs/openapi.yaml type-check, and do every operation of the live API."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.service import Service

HERE = Path(__file__).parent
DESCRIPTION = HERE.parents[1] / "docs" / "openapi.yaml"

pytestmark = pytest.mark.soak


def _run(folder: Path, *command: str | Path) -> None:
    """Run a command in a folder; fail with what it printed."""
    result = subprocess.run(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=900,
    )
    assert result.returncode == 0, result.stdout


@pytest.fixture(scope="module")
def typescript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the compiled TypeScript programs and the locked packages of npm."""
    if not shutil.which("npm"):
        pytest.fail("npm is not on PATH; install Node.js with it")
    folder = tmp_path_factory.mktemp("typescript")
    for file in (*HERE.glob("*.json"), *HERE.glob("*.ts")):
        shutil.copy(file, folder)
    # Without scripts: none of the packages needs one.
    _run(folder, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    commands = folder / "node_modules" / ".bin"
    generated = folder / "generated"
    generated.mkdir()
    # A field with a default is one that a client may leave out.
    types = ("--default-non-nullable=false", "--output", generated / "schema.ts")
    _run(folder, commands / "openapi-typescript", DESCRIPTION, *types)
    output = ("--output", "./generated/orval.ts", "--client", "fetch")
    _run(folder, commands / "orval", "--input", DESCRIPTION, *output)
    _run(folder, commands / "tsc")
    return folder


@pytest.mark.parametrize("program", ["orval_client", "openapi_typescript_client"])
def test_typescript_client_does_every_operation(
    typescript: Path, service: Service, program: str
) -> None:
    """By orval's own client, and by openapi-fetch with the types of openapi-typescript."""
    _run(typescript, "node", f"build/{program}.js", service.url)


def test_python_client_does_every_operation(service: Service, tmp_path: Path) -> None:
    """By the client of openapi-python-client, which mypy accepts."""
    _run(tmp_path, sys.executable, "-m", "venv", "environment")
    commands = tmp_path / "environment" / "bin"
    _run(tmp_path, commands / "pip", "install", "--quiet", "-r", HERE / "requirements.txt")
    (tmp_path / "config.yaml").write_text("package_name_override: task_tracker\npost_hooks: []\n")
    options = ("--meta", "none", "--output-path", "task_tracker", "--fail-on-warning")
    generator = commands / "openapi-python-client"
    config = ("--config", "config.yaml")
    _run(tmp_path, generator, "generate", "--path", DESCRIPTION, *config, *options)
    program = shutil.copy(HERE / "python_client.py", tmp_path)
    _run(tmp_path, commands / "mypy", "task_tracker", program)
    _run(tmp_path, commands / "python", program, service.url)
