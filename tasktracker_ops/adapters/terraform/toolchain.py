"""Finding Terraform: configured, on PATH, in our cache, or downloaded once the user agrees."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess  # nosec B404 # Terraform
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tasktracker_ops.errors import ConfigurationError

TERRAFORM_VERSION = "1.11.4"
MINIMUM_VERSION = "1.11.0"

_TIMEOUT = 30.0  # seconds; a version manager's shim may be slow


@dataclass(frozen=True, slots=True)
class TerraformBinary:
    """A Terraform that works: `source` says where it was found, `platform` is `<os>_<arch>`."""

    path: Path
    version: str
    source: str
    platform: str


@dataclass(frozen=True, slots=True)
class Toolchain:
    """Where Terraform may be.

    `configured` is the user's setting (TT_OPS_TERRAFORM), `environment` gives PATH, `cache` is a
    folder of ours. `approve` is asked one question before anything is downloaded from `releases`;
    `progress` is told the bytes received and, if known, their total.
    """

    configured: Path | None
    environment: Mapping[str, str]
    cache: Path
    approve: Callable[[str], bool]
    releases: str
    progress: Callable[[int, int | None], None] = lambda received, total: None

    def terraform(self) -> TerraformBinary:
        """Find Terraform, or get it.

        Raises ConfigurationError: terraform-missing, terraform-too-old, terraform-broken for a
        configured one that does not run, and terraform-download-failed,
        terraform-checksum-missing or terraform-checksum-mismatch from a download.
        """
        if self.configured is not None:
            return _recent(self._configured(self.configured))
        for path in self._on_path():
            # A version manager's shim fails where no version is chosen: the next one may do.
            if binary := self._inspect(path, "PATH"):
                return _recent(binary)
        cached = self.cache / "terraform" / TERRAFORM_VERSION / "terraform"
        if _is_executable(cached) and (binary := self._inspect(cached, "cache")):
            return binary
        return self._download(cached)

    def _configured(self, path: Path) -> TerraformBinary:
        if not _is_executable(path):
            state = "is not an executable file" if os.path.exists(path) else "does not exist"
            raise ConfigurationError(
                "terraform-missing",
                f"TT_OPS_TERRAFORM names {str(path)!r}, which {state}",
                hint="name Terraform itself (TT_OPS_TERRAFORM=/path/to/terraform), or let it be "
                "found: unset TT_OPS_TERRAFORM",
            )
        binary = self._inspect(path, "TT_OPS_TERRAFORM")
        if binary is None:
            raise ConfigurationError(
                "terraform-broken",
                f"TT_OPS_TERRAFORM names {str(path)!r}, which does not tell its version",
                hint=f"see what it says: {shlex.join([str(path), 'version', '-json'])}",
            )
        return binary

    def _on_path(self) -> Iterator[Path]:
        for folder in self.environment.get("PATH", "").split(os.pathsep):
            path = Path(folder, "terraform")
            if folder and _is_executable(path):
                yield path

    def _inspect(self, path: Path, source: str) -> TerraformBinary | None:
        """Ask a Terraform for its version; None when it does not answer."""
        kept = {k: v for k, v in self.environment.items() if not k.startswith(("TF_", "AWS_"))}
        # With no configuration file and in an empty folder it hashes no provider.
        quiet = {"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": os.devnull}
        try:
            with tempfile.TemporaryDirectory() as empty:
                answer = subprocess.run(  # nosec B603 # no shell; the user's Terraform
                    [path.absolute(), "version", "-json"],
                    cwd=empty,
                    env={**kept, **quiet},
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    timeout=_TIMEOUT,
                    check=True,
                ).stdout
            said = json.loads(answer)
            return TerraformBinary(path, said["terraform_version"], source, said["platform"])
        except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
            return None

    def _download(self, destination: Path) -> TerraformBinary:
        url = f"{self.releases.rstrip('/')}/{TERRAFORM_VERSION}/"
        question = f"Terraform was not found. Download Terraform {TERRAFORM_VERSION} from {url}?"
        if not self.approve(question):
            raise ConfigurationError(
                "terraform-missing",
                f"Terraform was found neither on PATH nor in {str(self.cache)!r}",
                hint=f"agree to the download (--yes), or install Terraform {MINIMUM_VERSION} or "
                "later and name it: export TT_OPS_TERRAFORM=/path/to/terraform",
            )
        # requests is slow to import, and a download is rare.
        from .downloads import download

        download(url, version=TERRAFORM_VERSION, destination=destination, progress=self.progress)
        binary = self._inspect(destination, "download")
        if binary is None:
            raise ConfigurationError(
                "terraform-broken",
                f"the Terraform downloaded to {str(destination)!r} does not run on this machine",
                hint=f"see what it says: {shlex.join([str(destination), 'version'])}",
            )
        return binary


def _is_executable(path: Path) -> bool:
    # Unlike Path.is_file, os.path takes a folder that is closed to us for one without the file.
    return os.path.isfile(path) and os.access(path, os.X_OK)


def _recent(binary: TerraformBinary) -> TerraformBinary:
    if _numbers(binary.version) >= _numbers(MINIMUM_VERSION):
        return binary
    raise ConfigurationError(
        "terraform-too-old",
        f"Terraform {binary.version} at {str(binary.path)!r} (from {binary.source}) is too old: "
        f"{MINIMUM_VERSION} or later is needed",
        hint="upgrade it, or name another one: export TT_OPS_TERRAFORM=/path/to/terraform",
    )


def _numbers(version: str) -> tuple[int, ...]:
    """Read the numbers of a version; 1.12.0-beta1 counts as 1.12.0."""
    return tuple(int(part) for part in re.findall(r"\d+", version.split("-")[0]))
