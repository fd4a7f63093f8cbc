"""Downloads from HashiCorp's release site, checked against its SHA256SUMS.

Source: https://developer.hashicorp.com/well-architected-framework/verify-hashicorp-binary
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from tasktracker_ops.adapters.host.http_session import http_session
from tasktracker_ops.adapters.host.loopback import is_loopback
from tasktracker_ops.adapters.host.requests import requests
from tasktracker_ops.errors import ConfigurationError

_TIMEOUT = (10, 60)  # seconds to connect, and between two reads
_CHUNK = 1 << 18
_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_INSTALL_YOURSELF = "or install Terraform yourself and check it: terraform version"


def download(
    url: str, *, version: str, destination: Path, progress: Callable[[int, int | None], None]
) -> None:
    """Download the `terraform` of the release at `url` (the version's folder) to `destination`.

    Uses https; http only from this machine. The file appears complete and verified or not at all,
    also when several processes download it. `progress` gets the bytes received and,
    if known, their total. Raises ConfigurationError: terraform-download-failed,
    terraform-checksum-missing, terraform-checksum-mismatch.
    """
    archive = f"terraform_{version}_{_platform()}.zip"
    sums = f"terraform_{version}_SHA256SUMS"
    destination.parent.mkdir(parents=True, exist_ok=True)
    with http_session(url) as session, tempfile.TemporaryFile(dir=destination.parent) as file:
        with _get(session, url + sums) as response:
            expected = _expected_digest(response.text, archive, url + sums)
        with _get(session, url + archive) as response:
            actual = _save(response, file, progress)
        if actual != expected:
            raise ConfigurationError(
                "terraform-checksum-mismatch",
                f"{url + archive!r} has the SHA-256 {actual}, but {sums} lists {expected}",
                hint=f"try again later, {_INSTALL_YOURSELF}",
            )
        _extract(file, destination)


@contextmanager
def _get(session: requests.Session, url: str) -> Iterator[requests.Response]:
    _require_secure(url)
    try:
        with session.get(url, stream=True, timeout=_TIMEOUT) as response:
            for hop in (*response.history, response):
                _require_secure(hop.url)
            response.raise_for_status()
            yield response
    except requests.RequestException as error:
        status = getattr(error.response, "status_code", None)
        reason = f"status {status}" if status else type(error).__name__
        raise ConfigurationError(
            "terraform-download-failed",
            f"{url!r} could not be downloaded: {reason}",
            hint=f"check that this machine can reach it: curl -sSfI {url}",
        ) from error


def _require_secure(url: str) -> None:
    scheme = urlsplit(url).scheme
    if scheme == "https" or (scheme == "http" and is_loopback(url)):
        return
    raise ConfigurationError(
        "terraform-download-failed",
        f"{url!r} is not an https address; nothing was downloaded from it",
        hint=f"set an https release site (TT_OPS_TERRAFORM_RELEASES_URL), {_INSTALL_YOURSELF}",
    )


def _expected_digest(sums: str, archive: str, url: str) -> str:
    for line in sums.splitlines():
        digest, _, name = line.partition("  ")
        if name == archive:
            return digest
    raise ConfigurationError(
        "terraform-checksum-missing",
        f"{url!r} lists no checksum for {archive}; it was not downloaded",
        hint=f"try again later, {_INSTALL_YOURSELF}",
    )


def _save(
    response: requests.Response, file: IO[bytes], progress: Callable[[int, int | None], None]
) -> str:
    total = int(response.headers.get("Content-Length", 0)) or None
    digest, received = hashlib.sha256(), 0
    for chunk in response.iter_content(_CHUNK):
        file.write(chunk)
        digest.update(chunk)
        received += len(chunk)
        progress(received, total)
    return digest.hexdigest()


def _extract(archive: IO[bytes], destination: Path) -> None:
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix=".partial-") as folder:
        draft = Path(folder, "terraform")
        try:
            with zipfile.ZipFile(archive).open("terraform") as source, draft.open("wb") as target:
                shutil.copyfileobj(source, target)
        except (zipfile.BadZipFile, KeyError) as error:
            raise ConfigurationError(
                "terraform-download-failed",
                f"the downloaded archive contains no usable terraform: {error}",
                hint=f"try again later, {_INSTALL_YOURSELF}",
            ) from error
        draft.chmod(0o755)
        os.replace(draft, destination)


def _platform() -> str:
    system, machine = platform.system().lower(), platform.machine().lower()
    if system not in ("linux", "darwin") or machine not in _ARCHITECTURES:
        raise ConfigurationError(
            "terraform-download-failed",
            f"there is no Terraform to download for {system} on {machine}",
            hint="install it yourself, then set: export TT_OPS_TERRAFORM=/path/to/terraform",
        )
    return f"{system}_{_ARCHITECTURES[machine]}"
