"""Pack `lambda_function/` into `function.zip`: the same sources give the same bytes."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from pathlib import Path

from tasktracker_ops.adapters.host.disk import reporting_full_disk
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.package import Package

SOURCES = "lambda_function"
PACKAGE = "function.zip"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE = 0o100644 << 16
_UNIX = 3


def build(project: Path, *, check: bool = False) -> Package:
    """Write the package if its content would change; with `check`, only compare.

    Raises TtOpsError `package-stale` from a failed check, `sources-missing` without sources.
    """
    sources = _sources(project / SOURCES)
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
    return Package(
        path=target,
        files=tuple(sources),
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        changed=stale,
        sources={name: hashlib.sha256(file).hexdigest() for name, file in sources.items()},
    )


def _sources(folder: Path) -> dict[str, bytes]:
    files = {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for pattern in ("*.py", "*.json")
        for file in folder.rglob(pattern)
    }
    if "handler.py" not in files:
        raise TtOpsError(
            "sources-missing",
            f"there is no handler.py in {str(folder)!r}",
            hint="restore it: git checkout -- lambda_function",
        )
    return dict(sorted(files.items()))


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
