"""Finding Terraform: configured, on PATH, in the cache, or downloaded with the user's consent."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess  # nosec B404 # Terraform
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tasktracker_ops.errors import ConfigurationError
from tasktracker_ops.frozen import dataclass

TERRAFORM_VERSION = "1.11.4"
MINIMUM_VERSION = "1.11.0"

_TIMEOUT = 30.0  # seconds; a version manager's shim may be slow


@dataclass(frozen=True, slots=True)
class TerraformBinary:
    """A working Terraform: `source` says where it was found, `platform` is `<os>_<arch>`."""

    path: Path
    version: str
    source: str
    platform: str


@dataclass(frozen=True, slots=True)
class Toolchain:
    """The places where Terraform may be.

    `configured` is the user's setting (TT_OPS_TERRAFORM), `environment` gives PATH, `cache` is the
    folder for downloads. `approve` answers a question before anything is downloaded from
    `releases`; `progress` gets the bytes received and, if known, their total.
    """

    configured: Path | None
    environment: Mapping[str, str]
    cache: Path
    approve: Callable[[str], bool]
    releases: str
    progress: Callable[[int, int | None], None] = lambda received, total: None

    def terraform(self) -> TerraformBinary:
        """Return Terraform; download it if it is found nowhere.

        Raises those of `find` and of `download`, and ConfigurationError `terraform-missing`.
        """
        return self.find() or self._download(self._cached)

    def find(self) -> TerraformBinary | None:
        """Return the Terraform of this machine, if there is one.

        Raises ConfigurationError: terraform-missing, terraform-too-old, and terraform-broken for
        one that does not run.
        """
        if self.configured is not None:
            return _require_recent(self._inspect_configured(self.configured))
        for path in self._on_path():
            # A version manager's shim fails where no version is selected: try the next one.
            if binary := self._inspect(path, "PATH"):
                return _require_recent(binary)
        return self._inspect(self._cached, "cache") if _is_executable(self._cached) else None

    @property
    def _cached(self) -> Path:
        return self.cache / "terraform" / TERRAFORM_VERSION / "terraform"

    def _inspect_configured(self, path: Path) -> TerraformBinary:
        if not _is_executable(path):
            state = "is not an executable file" if os.path.exists(path) else "does not exist"
            raise ConfigurationError(
                "terraform-missing",
                f"TT_OPS_TERRAFORM names {str(path)!r}, which {state}",
                hint="set it to the executable (TT_OPS_TERRAFORM=/path/to/terraform), or "
                "search PATH instead: unset TT_OPS_TERRAFORM",
            )
        binary = self._inspect(path, "TT_OPS_TERRAFORM")
        if binary is None:
            raise ConfigurationError(
                "terraform-broken",
                f"TT_OPS_TERRAFORM names {str(path)!r}, which does not report its version",
                hint=f"run it to see why: {shlex.join([str(path), 'version', '-json'])}",
            )
        return binary

    def _on_path(self) -> Iterator[Path]:
        for folder in self.environment.get("PATH", "").split(os.pathsep):
            path = Path(folder, "terraform")
            if folder and _is_executable(path):
                yield path

    def _inspect(self, path: Path, source: str) -> TerraformBinary | None:
        """Run `terraform version`; return None when that fails."""
        kept = {k: v for k, v in self.environment.items() if not k.startswith(("TF_", "AWS_"))}
        # Without a configuration file, and in an empty folder, Terraform hashes no provider.
        quiet = {"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": os.devnull}
        try:
            with tempfile.TemporaryDirectory() as empty:
                output = subprocess.run(  # nosec B603 # no shell; the user's Terraform
                    [path.absolute(), "version", "-json"],
                    cwd=empty,
                    env={**kept, **quiet},
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    timeout=_TIMEOUT,
                    check=True,
                ).stdout
            version = json.loads(output)
            return TerraformBinary(path, version["terraform_version"], source, version["platform"])
        except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
            return None

    def _download(self, destination: Path) -> TerraformBinary:
        url = f"{self.releases.rstrip('/')}/{TERRAFORM_VERSION}/"
        question = f"Terraform was not found. Download Terraform {TERRAFORM_VERSION} from {url}?"
        if not self.approve(question):
            raise ConfigurationError(
                "terraform-missing",
                f"Terraform was found neither on PATH nor in {str(self.cache)!r}",
                hint=f"confirm the download (--yes), or install Terraform {MINIMUM_VERSION} or "
                "later and set: export TT_OPS_TERRAFORM=/path/to/terraform",
            )
        # requests is slow to import, and a download is rare.
        from .downloads import download

        download(url, version=TERRAFORM_VERSION, destination=destination, progress=self.progress)
        binary = self._inspect(destination, "download")
        if binary is None:
            raise ConfigurationError(
                "terraform-broken",
                f"the Terraform downloaded to {str(destination)!r} does not run on this machine",
                hint=f"run it to see why: {shlex.join([str(destination), 'version'])}",
            )
        return binary


def _is_executable(path: Path) -> bool:
    # Unlike Path.is_file, os.path.isfile returns False for a folder that may not be read.
    return os.path.isfile(path) and os.access(path, os.X_OK)


def _require_recent(binary: TerraformBinary) -> TerraformBinary:
    if _numbers(binary.version) >= _numbers(MINIMUM_VERSION):
        return binary
    raise ConfigurationError(
        "terraform-too-old",
        f"Terraform {binary.version} at {str(binary.path)!r} (from {binary.source}) is too old: "
        f"{MINIMUM_VERSION} or later is required",
        hint="upgrade it, or use another one: export TT_OPS_TERRAFORM=/path/to/terraform",
    )


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version; 1.12.0-beta1 counts as 1.12.0."""
    return tuple(int(part) for part in re.findall(r"\d+", version.split("-")[0]))
