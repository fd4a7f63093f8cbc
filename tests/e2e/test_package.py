"""A function with packages of its own, one of which is compiled, and one that is large."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.wheels import make_wheel, only_from

if TYPE_CHECKING:
    from .conftest import Aws, Clone

pytestmark = pytest.mark.soak
ROOT = Path(__file__).parents[2]
LARGE = 51 * 1024 * 1024  # bytes; above 50 MB, Lambda takes a package from S3 only
# What of Python itself is an extension differs between its distributions.
EXTENSIONS = ("_bisect", "_heapq", "_struct", "_csv", "_queue", "_json", "_lsprof", "_ctypes")
_TT_OPS = "from tasktracker_ops.cli.main import main; main()"
GREETING = """import compiled
import os
def text():
    return "ok" if compiled.EXTENSION.__file__.startswith(os.environ["LAMBDA_TASK_ROOT"]) else "no"
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make two packages, for Lambda and for this machine, one with an extension of Python."""
    folder = tmp_path_factory.mktemp("wheels")
    found = [spec.origin for name in EXTENSIONS if (spec := PathFinder.find_spec(name))]
    extension = next((Path(each) for each in found if each and each.endswith(".so")), None)
    if extension is None:
        pytest.skip("this Python has no extension in a file of its own")
    name = extension.name.partition(".")[0]
    code = f"from . import {name} as EXTENSION\n".encode()
    files = {"compiled/__init__.py": code, f"compiled/{extension.name}": extension.read_bytes()}
    python = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    make_wheel(folder, "compiled", files, tag=f"{python}-{python}-linux_{platform.machine()}")
    files = {"compiled/__init__.py": code, f"compiled/{name}.so": b"of another processor"}
    make_wheel(folder, "compiled", files, tag="cp312-cp312-manylinux_2_28_aarch64")
    files = {"greeting.py": GREETING.encode()}
    make_wheel(folder, "greeting", files, requires=["compiled; python_version == '3.12'"])
    return folder


@pytest.fixture(scope="module")
def service(prepared: Clone, wheels: Path) -> Clone:
    """Return a clone whose health check needs both packages."""
    requirements = "greeting==1.0\ncompiled==1.0\n"
    (prepared.path / "lambda_function" / "requirements.txt").write_text(requirements)
    prepared.edit("lambda_function/api.py", "import store\n", "import greeting\nimport store\n")
    prepared.edit("lambda_function/api.py", '{"status": "ok"}', '{"status": greeting.text()}')
    return prepared


def _build(python: str, clone: Clone, wheels: Path, cache: Path) -> dict[str, Any]:
    """Build for AWS by another Python, with this one's packages, into a cache of its own."""
    site = Path(requests.__file__).parents[1]
    done = subprocess.run(
        [python, "-c", _TT_OPS, "--output", "json", "build"],
        cwd=clone.path,
        env={
            "PYTHONPATH": f"{ROOT}:{site}",
            "XDG_CACHE_HOME": str(cache),
            "HOME": str(cache),
            **only_from(wheels),
        },
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def test_every_python_packs_the_same_bytes(service: Clone, wheels: Path, tmp_path: Path) -> None:
    """The packages are those for Lambda, whatever runs tt-ops: each has its own cache here."""
    found = {name: shutil.which(name) for name in ("python3.11", "python3.12", "python3.13")}
    pythons = {str(sys.executable), *(path for path in found.values() if path and _runs(path))}
    built = []
    for number, python in enumerate(sorted(pythons)):
        (service.path / "function.zip").unlink(missing_ok=True)
        built.append(_build(python, service, wheels, tmp_path / str(number)))
    assert {each["sha256"] for each in built} == {built[0]["sha256"]}
    assert all(each["changed"] for each in built)
    names = [part["name"] for part in built[0]["parts"]]
    assert sorted(names) == ["compiled", "greeting", "lambda_function/"]
    here = service.read("build", **only_from(wheels))
    assert here["sha256"] != built[0]["sha256"]
    assert here["sources_sha256"] == built[0]["sources_sha256"]


def _runs(python: str) -> bool:
    """Return whether a Python starts; a version manager may have a script in its place."""
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


def test_a_package_beyond_a_request_serves(service: Clone, wheels: Path, aws: Aws) -> None:
    """It is created from the state's bucket, and finds its own packages."""
    (service.path / "lambda_function" / "data.bin").write_bytes(bytes(LARGE))
    service.succeed("deploy", "--yes", **only_from(wheels))
    api = service.read("outputs")["api_url"]
    assert requests.get(f"{api}/health", timeout=30).json() == {"status": "ok"}
    code = aws("lambda").get_function_configuration(FunctionName="task-tracker-function")
    (stored,) = aws("s3").list_objects_v2(
        Bucket="task-tracker-terraform-state", Prefix="infra/terraform.tfstate.packages/"
    )["Contents"]
    assert stored["Size"] == code["CodeSize"] > LARGE
