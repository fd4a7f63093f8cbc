"""An account on an emulator, and machines for the jobs of the workflows.

- `account`: the address of the emulator, with a state backend; `emulator`: the clone that it is of.
- `make_runner`: makes a machine that runs jobs of the workflows.
- `make_clone`, `home`: as in tests/e2e.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tasktracker_ops.adapters.terraform.toolchain import TerraformBinary
from tests.e2e.conftest import LOCAL, Clone, make_backend
from tests.e2e.conftest import home as home
from tests.e2e.conftest import make_clone as make_clone

from .runner import Runner

ADDRESS = "on-call-canary@example.com"


@pytest.fixture(scope="module")
def emulator(make_clone: Callable[..., Clone]) -> Iterator[Clone]:
    """Return a clone whose emulator has a state backend, and nothing else."""
    operator = make_clone(**LOCAL)
    make_backend(operator)
    yield operator
    operator.run("local", "down")


@pytest.fixture(scope="module")
def account(emulator: Clone) -> str:
    """Return the address of the emulator."""
    return str(emulator.read("local", "status")["url"])


@pytest.fixture(scope="module")
def make_runner(
    tmp_path_factory: pytest.TempPathFactory, terraform_binary: TerraformBinary
) -> Callable[..., Runner]:
    """Return a function that makes a machine with Terraform, whose jobs use no fixed port."""
    place = tmp_path_factory.mktemp("runner")

    def make(environment: Mapping[str, str], **settings: Any) -> Runner:
        variables = {"TT_OPS_LOCAL_PORT": "0", **environment}
        return Runner(place, terraform_binary.path, variables, **settings)

    return make
