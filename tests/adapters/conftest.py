"""The adapters' outside world: real Terraform on small root modules, and stubbed clients."""

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
from tasktracker_ops.adapters.terraform.stack import Stack
from tasktracker_ops.adapters.terraform.toolchain import TerraformBinary
from tasktracker_ops.models.aws_environment import AwsEnvironment
from tasktracker_ops.models.plan import TerraformEvent


@dataclass
class Bench:
    """A root module in a folder of its own, and stacks of it."""

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
        """What Terraform said."""
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

    def stack(self, **changes: Any) -> Stack:
        """Make a stack of the root module; `changes` replace its arguments."""
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
        return Stack(**{**arguments, **changes})


@pytest.fixture
def bench(tmp_path: Path, terraform_binary: TerraformBinary) -> Bench:
    """A bench whose Terraform sees nothing of the user's own settings."""
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(temporary)}
    return Bench(tmp_path, terraform_binary, environment)


@pytest.fixture
def command_lines() -> Callable[[], list[str]]:
    """List the command lines of all processes of this machine."""

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
    """A session that sees nothing of the user's; STS has told it the account 123456789012.

    All tests share its clients, which take a tenth of a second each to make.
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
    """Put a stubber before a client of the session; every answer it is given has to be used."""
    stubbers: dict[str, Stubber] = {}
    with ExitStack() as active:

        def get(service: str) -> Stubber:
            if service not in stubbers:
                stubbers[service] = active.enter_context(Stubber(session.client(service)))
            return stubbers[service]

        yield get
        for stubber in stubbers.values():
            stubber.assert_no_pending_responses()
