"""Terraform attaches to one provider, which is verified before, and ends with its users."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tasktracker_ops.adapters.terraform.provider_server import provider_server

ROOT = Path(__file__).parents[3]
LOCK = (ROOT / "bootstrap" / ".terraform.lock.hcl").read_text()
PROVIDER = "providers/registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64/{}"
# As the provider does: it prints how to attach to it, and runs until it is interrupted.
SCRIPT = """#!/bin/sh
echo "\\tTF_REATTACH_PROVIDERS='{\\"at\\": \\"$PWD\\"}'"
exec sleep 600
"""
# sha256sum terraform-provider-* | openssl dgst -sha256 -binary | base64
PACKAGE_HASH = "h1:XU2cxcT3sgoqwJGuzFxJQmnsOMrnCMqL44Zj6o8Hfs4="
HOLDER = """
import subprocess, sys
from pathlib import Path
from tasktracker_ops.adapters.terraform.provider_server import provider_server

module, data = map(Path, sys.argv[1:])
with provider_server(module, data, {"PATH": "/usr/bin:/bin"}, is_verified=True) as server:
    command = ["sh", "-c", "read -r line"]
    terraform = subprocess.Popen(command, stdin=sys.stdin, pass_fds=[server.descriptor])
    print(terraform.pid, flush=True)
    terraform.wait()
"""


@pytest.fixture
def installed(tmp_path: Path) -> tuple[Path, Path]:
    """Return a root module with our lock file, and its data directory with a provider."""
    module, data = tmp_path / "module", tmp_path / "data"
    executable = data / PROVIDER.format("terraform-provider-aws_v5.100.0_x5")
    executable.parent.mkdir(parents=True)
    executable.write_text(SCRIPT)
    executable.chmod(0o700)
    module.mkdir()
    (module / ".terraform.lock.hcl").write_text(LOCK)
    return module, data


def serve(installed: tuple[Path, Path], *, is_verified: bool = True, **variables: str) -> Any:
    """Return the server of what is installed, in an environment with these variables."""
    return provider_server(
        *installed, {"PATH": os.environ["PATH"], **variables}, is_verified=is_verified
    )


def test_provider_runs_in_the_root_module_for_one_block(installed: tuple[Path, Path]) -> None:
    """Relative paths in the configuration are the provider's too."""
    with serve(installed) as server:
        assert server.variables == {"TF_REATTACH_PROVIDERS": f'{{"at": "{installed[0]}"}}'}
        provider = provider_of()
    assert not provider.is_running()


def test_provider_with_another_hash_is_left_to_terraform(installed: tuple[Path, Path]) -> None:
    """Terraform refuses it by a message of its own."""
    with serve(installed, is_verified=False) as server:
        assert server is None


def test_provider_with_a_locked_hash_is_run(installed: tuple[Path, Path]) -> None:
    """The hash of a package is that of the lines which `sha256sum` prints for its files."""
    lock = installed[0] / ".terraform.lock.hcl"
    lock.write_text(LOCK.replace('"h1:', f'"{PACKAGE_HASH}", "h1:', 1))
    with serve(installed, is_verified=False) as server:
        assert server is not None


@pytest.mark.parametrize("variable", ["TF_REATTACH_PROVIDERS", "TF_LOG"])
def test_provider_that_is_debugged_is_left_to_the_user(
    installed: tuple[Path, Path], variable: str
) -> None:
    """Its log comes by Terraform, and the user's own provider stays."""
    with serve(installed, **{variable: "{}"}) as server:
        assert server is None


def test_provider_ends_after_the_terraform_that_outlives_tt_ops(
    installed: tuple[Path, Path],
) -> None:
    """Terraform ends in order when tt-ops is killed, and needs its provider for that."""
    command = [sys.executable, "-c", HOLDER, *map(str, installed)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        provider = provider_of(holder.pid)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with pytest.raises(psutil.TimeoutExpired):
            provider.wait(0.3)
    provider.wait(10)


def provider_of(parent: int | None = None) -> psutil.Process:
    """Return the provider that a process has started, once its shell has become `sleep`."""
    deadline = time.monotonic() + 10
    while True:
        children = psutil.Process(parent).children()
        if found := [each for each in children if each.name() == "sleep"]:
            (provider,) = found
            return provider
        assert time.monotonic() < deadline
        time.sleep(0.02)
