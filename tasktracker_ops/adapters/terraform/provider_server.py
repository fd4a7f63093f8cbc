"""One process of the AWS provider that several commands of Terraform attach to.

By itself, Terraform hashes the provider and starts it twice in each command: two fifths of the
processor time of a plan. Source: https://developer.hashicorp.com/terraform/plugin/debugging
"""

from __future__ import annotations

import base64
import hashlib
import re
import signal
import subprocess  # nosec B404 # the provider that Terraform has installed
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tasktracker_ops.frozen import dataclass

from .process import Guard
from .providers import Provider, locked_providers

_ADDRESS = "registry.terraform.io/hashicorp/aws"
_VARIABLE = "TF_REATTACH_PROVIDERS"
# The user's own; a provider logs through the Terraform that has started it.
_DEBUGGING = (_VARIABLE, "TF_LOG", "TF_LOG_PROVIDER")
_ATTACHMENT = re.compile(rf"{_VARIABLE}='(.*)'")
_START_TIMEOUT, _END_TIMEOUT = 30.0, 5.0  # seconds


@dataclass(frozen=True, slots=True)
class ProviderServer:
    """A running provider: the variable that attaches Terraform, and what Terraform has to inherit.

    The provider ends when nobody has the `descriptor` any more, so that it outlives this process
    as long as Terraform does.
    """

    variables: Mapping[str, str]
    descriptor: int


@contextmanager
def provider_server(
    directory: Path, data_directory: Path, environment: Mapping[str, str], *, is_verified: bool
) -> Iterator[ProviderServer | None]:
    """Run the provider of the root module `directory` within the block.

    `is_verified` says that Terraform has just installed it into `data_directory`. Yield None where
    Terraform has to run it: it is not as the lock file has it, does not start, or is debugged.
    """
    provider = _provider(directory, data_directory)
    is_ours = environment.keys().isdisjoint(_DEBUGGING)
    if not (provider and is_ours and (is_verified or _is_locked(*provider))):
        yield None
        return
    with Guard() as guard, _running(provider[0], directory, environment) as process:
        guard.watch(process)
        attachment = _attachment(process)
        yield ProviderServer({_VARIABLE: attachment}, guard.descriptor) if attachment else None


def verify_provider(directory: Path, data_directory: Path) -> None:
    """Hash the provider that `provider_server` is going to run, which takes half a second."""
    if provider := _provider(directory, data_directory):
        _is_locked(*provider)


def _provider(directory: Path, data_directory: Path) -> tuple[Path, Provider] | None:
    """Return the executable that Terraform has installed, and what the lock file says of it."""
    for locked in locked_providers(directory / ".terraform.lock.hcl"):
        if locked.address == _ADDRESS:
            version = data_directory / "providers" / locked.address / locked.version
            executable = next(version.glob("*/terraform-provider-aws_*"), None)
            return (executable, locked) if executable else None
    return None


def _is_locked(executable: Path, locked: Provider) -> bool:
    return _package_hash(executable.parent.resolve()) in locked.hashes


@cache
def _package_hash(folder: Path) -> str:
    """Return the hash of an unpacked package, as the lock file has it.

    Source: https://developer.hashicorp.com/terraform/language/files/dependency-lock
    """
    lines = []
    for file in sorted(filter(Path.is_file, folder.rglob("*"))):
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        lines.append(f"{digest}  {file.relative_to(folder).as_posix()}\n")
    return f"h1:{base64.b64encode(hashlib.sha256(''.join(lines).encode()).digest()).decode()}"


@contextmanager
def _running(
    executable: Path, directory: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(  # nosec B603 # no shell
        [executable, "-debug"],
        cwd=directory,  # which paths in the configuration are relative to
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        umask=0o077,  # its socket is for this user alone
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(_END_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()


def _attachment(process: subprocess.Popen[str]) -> str | None:
    """Return what attaches Terraform to the provider; None if the provider does not start."""
    timer = threading.Timer(_START_TIMEOUT, process.kill)
    timer.start()
    try:
        lines = process.stdout or ()
        return next((found[1] for line in lines if (found := _ATTACHMENT.search(line))), None)
    finally:
        timer.cancel()
