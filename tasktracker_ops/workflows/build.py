"""Pack `lambda_function/` into `function.zip`: the same sources give the same bytes."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasktracker_ops.adapters.host.disk import reporting_full_disk
from tasktracker_ops.adapters.host.files import replace_file
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.package import Package, PackagePart

from .package_checks import check_package

if TYPE_CHECKING:
    from pathlib import Path

    from tasktracker_ops.app import App
    from tasktracker_ops.models.package import InstalledPackages

SOURCES = "lambda_function"
REQUIREMENTS = "requirements.txt"
PACKAGE = "function.zip"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE = 0o100644 << 16
_UNIX = 3


def build(app: App, *, check: bool = False, import_handler: bool = True) -> Package:
    """Write the package if its content would change; with `check`, only compare.

    It holds the sources and, installed for the target, the packages that their requirements.txt
    names. With `import_handler` a handler that cannot be imported is found here, not by the check
    of its version. Raises TtOpsError `package-stale` from a failed check, `sources-missing` without
    sources, and those of `check_package` and `Dependencies.installed`.
    """
    packed = _pack(app)
    package = packed.package
    if package.changed and check:
        raise TtOpsError(
            "package-stale",
            f"{str(package.path)!r} is out of date with {SOURCES}/",
            hint="build it: tt-ops build",
        )
    if package.changed:
        sources, installed = packed.sources, packed.installed
        check_package(app, sources, installed, package.parts, import_handler=import_handler)
        _write(package.path, packed.content)
    return package


def compare(app: App) -> Package:
    """Return the package as `build` would make it; write nothing."""
    return _pack(app).package


@dataclass(frozen=True, slots=True)
class _Packed:
    """A package that is not written yet, and what it was made from."""

    package: Package
    content: bytes
    sources: Mapping[str, bytes]
    installed: InstalledPackages | None


def _pack(app: App) -> _Packed:
    project = app.settings.project
    sources = _sources(project)
    installed = _installed(app, project / SOURCES / REQUIREMENTS)
    files = dict(sorted((sources | _contents(installed)).items()))
    content = _zip(files)
    target = project / PACKAGE
    digests = {path: hashlib.sha256(file).hexdigest() for path, file in sources.items()}
    package = Package(
        path=target,
        sources=digests,
        sources_sha256=_digest_of(digests),
        platform=installed.platform.label if installed else None,
        parts=tuple(sorted(_parts(sources, installed), key=lambda part: (-part.size, part.name))),
        size=len(content),
        unpacked_size=sum(map(len, files.values())),
        sha256=hashlib.sha256(content).hexdigest(),
        changed=not target.is_file() or target.read_bytes() != content,
    )
    return _Packed(package, content, sources, installed)


def ensure_package(app: App) -> None:
    """Write an empty package where there is none: Terraform reads it even to delete a function."""
    target = app.settings.project / PACKAGE
    if not target.is_file():
        _write(target, _zip({}))


def _write(target: Path, content: bytes) -> None:
    """Replace the package in one step: Terraform may be reading it."""
    with reporting_full_disk(target):
        replace_file(target, content, mode=0o644)


def _sources(project: Path) -> dict[str, bytes]:
    # To import pathspec takes time that most commands do not need.
    from tasktracker_ops.adapters.package.sources import source_files

    files = source_files(project, SOURCES)
    if "handler.py" not in files:
        raise TtOpsError(
            "sources-missing",
            f"there is no handler.py in {str(project / SOURCES)!r}",
            hint="restore it: git checkout -- lambda_function",
        )
    return files


def _installed(app: App, requirements: Path) -> InstalledPackages | None:
    if not (requirements.is_file() and app.dependencies.are_named(requirements)):
        return None
    platform = app.target.package_platform()
    if not app.dependencies.is_kept(requirements, platform):
        app.report.doing(f"installing the function's packages for {platform.label}")
    return app.dependencies.installed(requirements, platform)


def _contents(installed: InstalledPackages | None) -> dict[str, bytes]:
    if installed is None:
        return {}
    return {path: (installed.folder / path).read_bytes() for path in installed.files}


def _parts(
    sources: Mapping[str, bytes], installed: InstalledPackages | None
) -> Iterator[PackagePart]:
    yield PackagePart(f"{SOURCES}/", None, len(sources), sum(map(len, sources.values())))
    for each in installed.packages if installed else ():
        yield PackagePart(each.name, each.version, len(each.files), sum(each.files.values()))


def _digest_of(sources: Mapping[str, str]) -> str:
    """Return the digest of what `sha256sum` prints for the files."""
    lines = "".join(f"{sha256}  {path}\n" for path, sha256 in sources.items())
    return hashlib.sha256(lines.encode()).hexdigest()


def _zip(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    # Stored, since compressed bytes differ between zlib versions.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.external_attr = _REGULAR_FILE
            entry.create_system = _UNIX
            archive.writestr(entry, content)
    return buffer.getvalue()
