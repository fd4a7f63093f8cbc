"""From a wheel to a live API, and on to a newer version, as a user types it."""

from __future__ import annotations

import json
import site
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import requests

from tests.pipeline.actions import check_out

from .machine import Machine


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Install the wheel into an environment of its own; dependencies are those of the tests."""
    folder = tmp_path_factory.mktemp("machine")
    check_out(folder / "sources")
    pip = [sys.executable, "-m", "pip", "--quiet", "wheel", "--no-deps", "--wheel-dir"]
    subprocess.run([*pip, folder, folder / "sources"], check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", folder / "python"], check=True)
    python = folder / "python" / "bin"
    subprocess.run([python / "pip", "--quiet", "install", "--no-deps", wheel], check=True)
    (packages,) = (folder / "python" / "lib").glob("*/site-packages")
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()))
    made = Machine(folder, python)
    yield made
    made.type("cd my-tracker && tt-ops local down")


def _names(wheel: Path) -> Sequence[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.mark.soak
def test_a_wheel_becomes_a_live_api_and_a_newer_one_upgrades_it(machine: Machine) -> None:
    """Three commands and one question; then both sides' changes of a file are merged."""
    (wheel,) = machine.folder.glob("*.whl")
    assert not [name for name in _names(wheel) if name.endswith((".pyc", ".zip", ".tfvars"))]
    typed = "tt-ops init my-tracker && cd my-tracker && tt-ops deploy"
    shown = machine.type(typed, answers="y\n")
    assert ("Next:" in shown, shown.count("[y/N]")) == (True, 1)
    outputs = machine.type("tt-ops --target local outputs --output json")  # outside of the project
    url = json.loads(outputs)["api_url"]
    assert requests.get(f"{url}/tasks", timeout=30).json() == []
    assert "failed" not in machine.type("cd my-tracker && tt-ops doctor")

    project = machine.folder / "my-tracker"
    file = project / "terraform" / "outputs.tf"
    file.write_text(f"{file.read_text()}\n# mine\n")
    _release_another(machine)
    assert "is of an older tt-ops" in machine.type("cd my-tracker && tt-ops deploy")
    shown = machine.type("cd my-tracker && tt-ops init --upgrade --diff")
    assert "+# newer" in shown
    assert "merged" in machine.type("cd my-tracker && tt-ops init --upgrade")
    lines = file.read_text().splitlines()
    assert (lines[0], lines[-1]) == ("# newer", "# mine")


def _release_another(machine: Machine) -> None:
    """Change the installed package as a newer version would."""
    (package,) = (machine.folder / "python" / "lib").glob("*/site-packages/tasktracker_ops")
    template = package / "templates" / "terraform" / "outputs.tf"
    template.write_text(f"# newer\n{template.read_text()}")
    version = package / "__init__.py"
    version.write_text(version.read_text().replace('__version__ = "0.', '__version__ = "99.'))
