"""What the tests of the adapters share.

`bench`: a root module in a temporary folder, for real Terraform with its builtin provider.
`command_lines`: the command lines of all processes on this machine.
`session` and `stub`: an AWS session of its own, and botocore stubs for its clients.
`server` (tests/http_server.py): a local HTTP server that gives prepared answers.
`service` (tests/service.py): the real service on an emulated table, with faults to inject.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.adapters.terraform.runner import Runner
from tasktracker_ops.adapters.terraform.stack import Stack
from tasktracker_ops.adapters.terraform.toolchain import TerraformBinary
from tasktracker_ops.models.aws_environment import AwsEnvironment
from tasktracker_ops.models.plan import Plan, TerraformEvent


@dataclass
class Bench:
    """A root module in a temporary folder, and stacks of it."""

    folder: Path
    terraform: TerraformBinary
    environment: Mapping[str, str]
    events: list[TerraformEvent] = field(default_factory=list)

    @property
    def module(self) -> Path:
        """The root module's folder."""
        return self.folder / "module"

    @property
    def data(self) -> Path:
        """Terraform's data directory."""
        return self.folder / "data"

    @property
    def plan_file(self) -> Path:
        """Where a plan is saved."""
        return self.folder / "plans" / "plan"

    @property
    def log(self) -> str:
        """The log of all Terraform commands."""
        return (self.data / "terraform.log").read_text()

    @property
    def outputs(self) -> dict[str, Any]:
        """The outputs in the state."""
        state = json.loads((self.folder / "terraform.tfstate").read_text())
        return {name: output["value"] for name, output in state["outputs"].items()}

    def write(self, text: str, *, backend: str = "local") -> None:
        """Replace the root module's configuration."""
        self.module.mkdir(exist_ok=True)
        block = f'terraform {{\n  backend "{backend}" {{}}\n}}\n'
        (self.module / "main.tf").write_text(block + text)

    @property
    def waiting(self) -> str:
        """A resource whose creation lasts until `release` is called."""
        command = f"until [ -e {self.folder}/release ]; do sleep 0.05; done"
        provisioner = f'provisioner "local-exec" {{\n    command = "{command}"\n  }}'
        return f'resource "terraform_data" "waiting" {{\n  {provisioner}\n}}\n'

    def release(self) -> None:
        """Let the waiting resource finish."""
        (self.folder / "release").touch()

    def stack(self, **changes: Any) -> Stack:
        """Return a stack of the root module; `changes` replace arguments of it or its runner."""
        exists_since = changes.pop("exists_since", None)
        arguments: dict[str, Any] = {
            "executable": self.terraform.path,
            "directory": self.module,
            "data_directory": self.data,
            "backend": {"path": str(self.folder / "terraform.tfstate")},
            "variables": {},
            "environment": self.environment,
            "report": self.events.append,
            "redact": lambda text: text,
        }
        return Stack(Runner(**{**arguments, **changes}), exists_since=exists_since)

    def apply(self, stack: Stack) -> Plan:
        """Plan and apply; return the plan."""
        plan = stack.plan(self.plan_file)
        stack.apply(self.plan_file)
        return plan


@pytest.fixture
def bench(tmp_path: Path, terraform_binary: TerraformBinary) -> Bench:
    """A bench whose Terraform does not see the user's settings."""
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(temporary)}
    return Bench(tmp_path, terraform_binary, environment)


@pytest.fixture
def command_lines() -> Callable[[], list[str]]:
    """A function that lists the command lines of all processes on this machine."""

    def read() -> list[str]:
        if not Path("/proc/self/cmdline").exists():
            return os.popen("ps -A -o command=").read().splitlines()
        lines = []
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                lines.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
            except OSError:
                continue
        return lines

    return read


@pytest.fixture(scope="session")
def session() -> AwsSession:
    """A session without the user's settings, in the account 123456789012.

    All tests share its clients, since creating one takes a tenth of a second.
    """
    made = AwsSession(
        AwsEnvironment(
            region="eu-west-3",
            access_key_id="AKIDEXAMPLE",
            secret_access_key="example",
            sealed=True,
        )
    )
    with Stubber(made.client("sts")) as sts:
        sts.add_response("get_caller_identity", {"Account": "123456789012"})
        assert made.account_id == "123456789012"
    return made


@pytest.fixture
def stub(session: AwsSession) -> Iterator[Callable[[str], Stubber]]:
    """A function that stubs a client of the session; every prepared answer must be used."""
    stubbers: dict[str, Stubber] = {}
    with ExitStack() as active:

        def get(service: str) -> Stubber:
            if service not in stubbers:
                stubbers[service] = active.enter_context(Stubber(session.client(service)))
            return stubbers[service]

        yield get
        for stubber in stubbers.values():
            stubber.assert_no_pending_responses()
