"""Pack `lambda_function/` into `function.zip`: the same sources give the same bytes."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tasktracker_ops.adapters.host.disk import reporting_full_disk
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.package import Package

if TYPE_CHECKING:
    from pathlib import Path

    from tasktracker_ops.app import App

SOURCES = "lambda_function"
PACKAGE = "function.zip"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE = 0o100644 << 16
_UNIX = 3


def build(app: App, *, check: bool = False) -> Package:
    """Write the package if its content would change; with `check`, only compare.

    Raises TtOpsError `package-stale` from a failed check, `sources-missing` without sources.
    """
    project = app.settings.project
    sources = _sources(project)
    content = _zip(sources)
    target = project / PACKAGE
    stale = not target.is_file() or target.read_bytes() != content
    if stale and check:
        raise TtOpsError(
            "package-stale",
            f"{str(target)!r} is out of date with {SOURCES}/",
            hint="build it: tt-ops build",
        )
    if stale:
        # Replaced in one step: Terraform may be reading it.
        partial = target.with_suffix(f".{os.getpid()}.tmp")
        with reporting_full_disk(partial):
            partial.write_bytes(content)
        partial.replace(target)
    digests = {path: hashlib.sha256(file).hexdigest() for path, file in sources.items()}
    return Package(
        path=target,
        sources=digests,
        sources_sha256=_digest_of(digests),
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        changed=stale,
    )


def _sources(project: Path) -> dict[str, bytes]:
    # To import pathspec takes time that most commands do not need.
    from tasktracker_ops.adapters.host.sources import source_files

    files = source_files(project, SOURCES)
    if "handler.py" not in files:
        raise TtOpsError(
            "sources-missing",
            f"there is no handler.py in {str(project / SOURCES)!r}",
            hint="restore it: git checkout -- lambda_function",
        )
    return files


def _digest_of(sources: Mapping[str, str]) -> str:
    """Return the digest of what `sha256sum` prints for the files."""
    lines = "".join(f"{sha256}  {path}\n" for path, sha256 in sources.items())
    return hashlib.sha256(lines.encode()).hexdigest()


def _zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    # Stored, since compressed bytes differ between zlib versions.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.external_attr = _REGULAR_FILE
            entry.create_system = _UNIX
            archive.writestr(entry, content)
    return buffer.getvalue()
