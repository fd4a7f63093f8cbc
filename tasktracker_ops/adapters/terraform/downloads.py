"""Downloads from HashiCorp's release site, checked against its SHA256SUMS.

See https://developer.hashicorp.com/well-architected-framework/verify-hashicorp-binary
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

import requests

from tasktracker_ops.adapters.host.http_session import http_session
from tasktracker_ops.adapters.host.loopback import is_loopback
from tasktracker_ops.errors import ConfigurationError

_TIMEOUT = (10, 60)  # seconds to connect, and between two reads
_CHUNK = 1 << 18
_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_BY_HAND = "or install Terraform yourself and check it: terraform version"


def download(
    url: str, *, version: str, destination: Path, progress: Callable[[int, int | None], None]
) -> None:
    """Put the `terraform` of the release at `url` (the version's folder) at `destination`.

    Over TLS, or plain http from this machine itself. The file appears complete and checked or not
    at all, whatever happens and whoever else downloads it. `progress` gets the bytes received and,
    if known, their total. Raises ConfigurationError: terraform-download-failed,
    terraform-checksum-missing, terraform-checksum-mismatch.
    """
    archive = f"terraform_{version}_{_platform()}.zip"
    sums = f"terraform_{version}_SHA256SUMS"
    destination.parent.mkdir(parents=True, exist_ok=True)
    with http_session(url) as session, tempfile.TemporaryFile(dir=destination.parent) as file:
        with _get(session, url + sums) as response:
            expected = _listed(response.text, archive, url + sums)
        with _get(session, url + archive) as response:
            actual = _receive(response, file, progress)
        if actual != expected:
            raise ConfigurationError(
                "terraform-checksum-mismatch",
                f"{url}{archive} has the SHA-256 {actual}, but {sums} says {expected}: refused",
                hint=f"try again later, {_BY_HAND}",
            )
        _extract(file, destination)


@contextmanager
def _get(session: requests.Session, url: str) -> Iterator[requests.Response]:
    _require_private(url)
    try:
        with session.get(url, stream=True, timeout=_TIMEOUT) as response:
            for step in (*response.history, response):
                _require_private(step.url)
            response.raise_for_status()
            yield response
    except requests.RequestException as error:
        response_code = getattr(error.response, "status_code", None)
        reason = f"status {response_code}" if response_code else type(error).__name__
        raise ConfigurationError(
            "terraform-download-failed",
            f"{url} could not be downloaded: {reason}",
            hint=f"see whether this machine may go there: curl -sSfI {url}",
        ) from error


def _require_private(url: str) -> None:
    scheme = urlsplit(url).scheme
    if scheme == "https" or (scheme == "http" and is_loopback(url)):
        return
    raise ConfigurationError(
        "terraform-download-failed",
        f"{url} is not an https address: refused",
        hint=f"name a release site that speaks https, {_BY_HAND}",
    )


def _listed(sums: str, archive: str, url: str) -> str:
    for line in sums.splitlines():
        digest, _, name = line.partition("  ")
        if name == archive:
            return digest
    raise ConfigurationError(
        "terraform-checksum-missing",
        f"{url} has no line for {archive}: it cannot be checked and is refused",
        hint=f"try again later, {_BY_HAND}",
    )


def _receive(
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
                f"the archive for {str(destination)!r} has no terraform in it: {error}",
                hint=f"try again later, {_BY_HAND}",
            ) from error
        draft.chmod(0o755)
        os.replace(draft, destination)


def _platform() -> str:
    system, machine = platform.system().lower(), platform.machine().lower()
    if system not in ("linux", "darwin") or machine not in _ARCHITECTURES:
        raise ConfigurationError(
            "terraform-download-failed",
            f"there is no Terraform to download for {system} on {machine}",
            hint="install it yourself, and name it: export TT_OPS_TERRAFORM=/path/to/terraform",
        )
    return f"{system}_{_ARCHITECTURES[machine]}"
