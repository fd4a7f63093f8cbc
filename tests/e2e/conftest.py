"""Clones of the project in folders of their own, driven by the installed `tt-ops`.

- `make_clone`: makes one, with variables for its runs.
- `clone`: one on the local target for the tests of a module, which change its deployment.
- `prepared`: the same with a state backend, made by three calls instead of `bootstrap`.
- `aws`: makes boto3 clients of the emulator of `clone`.
- `home`: the home folder of all clones, which starts empty.

Tests that only read a deployment are in live/, and share one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests import endpoint

ROOT = Path(__file__).parents[2]
TT_OPS = Path(sys.executable).with_name("tt-ops")
_TIMEOUT = 400
# The user's AWS variables make no sense: none of them may matter on the local target.
LOCAL = {
    "TT_OPS_TARGET": "local",
    "TT_OPS_LOCAL_PORT": "0",
    "AWS_PROFILE": "nonsense",
    "AWS_REGION": "nowhere-1",
    "AWS_MAX_ATTEMPTS": "many",
}
Aws = Callable[[str], Any]


@dataclass(frozen=True)
class Clone:
    """The project's sources in `path`, and the environment that `tt-ops` is run with there."""

    path: Path
    environment: Mapping[str, str]

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start `tt-ops` and return at once."""
        return subprocess.Popen(
            [TT_OPS, *arguments],
            cwd=self.path,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `tt-ops` to its end, whatever that is."""
        with self.start(*arguments, **environment) as process:
            try:
                out, err = process.communicate(timeout=_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.terminate()
                out, err = process.communicate(timeout=30)
                pytest.fail(f"tt-ops {arguments} took over {_TIMEOUT} s: {out}{err}")
            finally:
                process.kill()  # has ended, unless the test's own time is over
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def succeed(self, *arguments: str, **environment: str) -> str:
        """Run `tt-ops`, which has to exit 0; returns its standard output."""
        result = self.run(*arguments, **environment)
        assert result.returncode == 0, f"{arguments}: {result.stdout}{result.stderr}"
        return result.stdout

    def read(self, *arguments: str, **environment: str) -> Any:
        """Run `tt-ops … --output json`, which has to exit 0; returns the object."""
        return json.loads(self.succeed(*arguments, "--output", "json", **environment))

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a text in a file of the clone."""
        text = (self.path / file).read_text()
        assert old in text
        (self.path / file).write_text(text.replace(old, new))


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a home folder that starts empty."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def make_clone(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Callable[..., Clone]:
    """Return a function that makes a clone, with variables for its runs."""

    def make(**environment: str) -> Clone:
        path = tmp_path_factory.mktemp("clone")
        copy_sources(path)
        return Clone(path, {**inherited(), "HOME": str(home), **environment})

    return make


def copy_sources(path: Path) -> None:
    """Copy what a clone holds, and nothing that a run leaves behind."""
    left_out = shutil.ignore_patterns("__pycache__", ".terraform", "*.tfstate*", "*.tfvars")
    for folder in ("terraform", "bootstrap", "lambda_function"):
        shutil.copytree(ROOT / folder, path / folder, ignore=left_out)


def inherited() -> dict[str, str]:
    """Return the variables of this process, without those of AWS, tt-ops and Terraform."""
    ours = ("AWS_", "TT_OPS_", "TF_VAR_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


@pytest.fixture(scope="module")
def clone(make_clone: Callable[..., Clone]) -> Iterator[Clone]:
    """Make a clone on the local target; its emulator ends with the module."""
    made = make_clone(**LOCAL)
    yield made
    made.run("local", "down")


@pytest.fixture(scope="module")
def prepared(clone: Clone) -> Clone:
    """Give the clone a state backend."""
    make_backend(clone)
    return clone


def make_backend(clone: Clone) -> None:
    """Make the state's bucket and lock table on the emulator of a clone."""
    clone.succeed("local", "up")
    endpoint.make_backend(clone.read("local", "status")["url"])


@pytest.fixture(scope="module")
def aws(clone: Clone) -> Aws:
    """Make clients of the clone's emulator."""
    clone.succeed("local", "up")
    return clients(clone)


def clients(clone: Clone) -> Aws:
    """Return what makes boto3 clients of the emulator of a clone."""
    return partial(endpoint.client, endpoint=clone.read("local", "status")["url"])
