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


def _prepare(folder: Path, generator: str) -> Path:
    """Copy a TypeScript program and install its locked packages; return their commands."""
    if not shutil.which("npm"):
        pytest.fail("npm is not on PATH; install Node.js with it")
    for file in (*(HERE / generator).iterdir(), HERE / "base_url.ts", HERE / "tsconfig.json"):
        shutil.copy(file, folder)
    # Without scripts: none of the packages needs one.
    _run(folder, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    (folder / "generated").mkdir()
    return folder / "node_modules" / ".bin"


@pytest.mark.soak
def test_openapi_typescript_client_does_every_operation(service: Service, tmp_path: Path) -> None:
    """By openapi-fetch, with the types of openapi-typescript."""
    commands = _prepare(tmp_path, "openapi_typescript")
    # A field with a default is one that a client may leave out.
    options = ("--default-non-nullable=false", "--output", "generated/schema.ts")
    _run(tmp_path, commands / "openapi-typescript", DESCRIPTION, *options)
    _run(tmp_path, commands / "tsc")
    _run(tmp_path, "node", "build/client.js", service.url)


@pytest.mark.extended  # it brings ten times the packages of openapi-typescript
def test_orval_client_does_every_operation(service: Service, tmp_path: Path) -> None:
    """By the client of orval."""
    commands = _prepare(tmp_path, "orval")
    output = ("--output", "./generated/orval.ts", "--client", "fetch")
    _run(tmp_path, commands / "orval", "--input", DESCRIPTION, *output)
    _run(tmp_path, commands / "tsc")
    _run(tmp_path, "node", "build/client.js", service.url)


@pytest.mark.extended  # its packages take most of the time
def test_python_client_does_every_operation(service: Service, tmp_path: Path) -> None:
    """By the client of openapi-python-client, which mypy accepts."""
    _run(tmp_path, sys.executable, "-m", "venv", "environment")
    commands = tmp_path / "environment" / "bin"
    _run(
        tmp_path,
        commands / "pip",
        "install",
        "--quiet",
        "--no-compile",
        "-r",
        HERE / "requirements.txt",
    )
    (tmp_path / "config.yaml").write_text("package_name_override: task_tracker\npost_hooks: []\n")
    options = ("--meta", "none", "--output-path", "task_tracker", "--fail-on-warning")
    generator = commands / "openapi-python-client"
    config = ("--config", "config.yaml")
    _run(tmp_path, generator, "generate", "--path", DESCRIPTION, *config, *options)
    program = shutil.copy(HERE / "python_client.py", tmp_path)
    _run(tmp_path, commands / "mypy", "task_tracker", program)
    _run(tmp_path, commands / "python", program, service.url)
