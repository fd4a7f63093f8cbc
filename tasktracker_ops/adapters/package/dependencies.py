"""The packages that the function needs, installed once for each content of its requirements."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import Distribution, distributions
from pathlib import Path, PurePosixPath

from tasktracker_ops.adapters.host.disk import reporting_full_disk
from tasktracker_ops.errors import TtOpsError, quoted
from tasktracker_ops.models.package import InstalledPackage, InstalledPackages, PackagePlatform

from .pip import install

_FORMAT = "1"  # of what is kept; another one is installed again
_KEPT = 5
_PARTIAL = ".partial-"
_FORGOTTEN = 24 * 3600  # seconds after which an installation that was killed is removed
_INDEX = "packages.json"
# What differs between machines that install the same wheel, or is of no use in Lambda.
_MACHINE_DEPENDENT = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
_LEFT_OUT = {"__pycache__", "tests"}
_INCLUDE = re.compile(r"^\s*(?:-r|-c|--requirement|--constraint)(?:\s*=\s*|\s+)(\S+)", re.MULTILINE)
_PATH = re.compile(r"^\s*(?:(?:-e|--editable)\b|\.{0,2}/|file:|[^#\n]*@\s*file:).*", re.MULTILINE)
_REQUIREMENT = re.compile(r"^\s*[^\s#-]", re.MULTILINE)


class Dependencies:
    """Installs packages below `folder`, and keeps the last few installations there.

    `environment` is the user's: pip's own settings apply.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment

    def installed(self, requirements: Path, platform: PackagePlatform) -> InstalledPackages:
        """Return the packages of a requirements.txt, which are installed unless they are kept.

        Raises TtOpsError as `pip.install` does, `requirements-missing`, `requirement-is-path` and
        `disk-full`.
        """
        _require_names(requirements)
        kept = self._folder / _key(requirements, platform)
        if not kept.is_dir():
            with reporting_full_disk(self._folder):
                self._install(requirements, platform, kept)
        with suppress(OSError):  # on a full disk, or one that is read-only
            os.utime(kept)
        self._remove_oldest()
        return _read(kept, platform)

    @staticmethod
    def are_named(requirements: Path) -> bool:
        """Return whether a requirements.txt, or a file that it includes, names a package."""
        return any(_REQUIREMENT.search(text) for text in _texts(requirements))

    def is_kept(self, requirements: Path, platform: PackagePlatform) -> bool:
        """Return whether the packages need not be installed."""
        return (self._folder / _key(requirements, platform)).is_dir()

    def _install(self, requirements: Path, platform: PackagePlatform, kept: Path) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=self._folder, prefix=_PARTIAL))
        try:
            files = partial / "files"
            install(requirements, files, platform, self._environment)
            packages = [_packed(each, files) for each in distributions(path=[str(files)])]
            packages.sort(key=lambda each: each.name)
            _remove_others(files, {path for each in packages for path in each.files})
            index = [asdict(each) for each in packages]
            (partial / _INDEX).write_text(json.dumps(index), encoding="utf-8")
            try:
                partial.rename(kept)
            except OSError:
                if not kept.is_dir():  # else another process was faster
                    raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _remove_oldest(self) -> None:
        folders = sorted(self._folder.iterdir(), key=_used_at, reverse=True)
        finished = [each for each in folders if not each.name.startswith(_PARTIAL)]
        forgotten = [
            each for each in folders if each not in finished and _used_at(each) < _forgotten_at()
        ]
        for each in finished[_KEPT:]:
            # A folder of that name is whole, also when this is killed.
            with suppress(OSError):  # another process was faster
                forgotten.append(each.rename(each.with_name(f"{_PARTIAL}{each.name}")))
        for each in forgotten:
            shutil.rmtree(each, ignore_errors=True)


def _texts(file: Path, seen: frozenset[Path] = frozenset()) -> Iterator[str]:
    """Yield the text of a requirements.txt, and of each file that it includes."""
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        raise TtOpsError(
            "requirements-missing",
            f"{str(file)!r}, which a requirements.txt includes, does not exist",
            hint="restore it: git status lambda_function",
        ) from None
    yield text
    for name in _INCLUDE.findall(text):
        included = (file.parent / name).resolve()
        if included not in seen and "://" not in name:
            yield from _texts(included, seen | {included})


def _require_names(requirements: Path) -> None:
    """Raise TtOpsError `requirement-is-path` for what is installed from a path."""
    for text in _texts(requirements):
        if found := _PATH.search(text):
            raise TtOpsError(
                "requirement-is-path",
                f"{str(requirements)!r} has {quoted(found[0].strip())}, which is a path: "
                "packages are installed by name and version",
                hint="put modules of your own into lambda_function/, and remove the line: "
                f"${{EDITOR:-vi}} {shlex.quote(str(requirements))}",
            )


def _key(requirements: Path, platform: PackagePlatform) -> str:
    texts = list(_texts(requirements))
    content = json.dumps([_FORMAT, platform.label, platform.tags, texts])
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def _packed(package: Distribution, folder: Path) -> InstalledPackage:
    paths = sorted(
        path.as_posix()
        for path in package.files or ()
        if _is_packed(path) and (folder / path).is_file()
    )
    return InstalledPackage(
        name=package.metadata["Name"],
        version=package.version,
        files={path: (folder / path).stat().st_size for path in paths},
        requires=tuple(
            sorted({re.split(r"[^\w.-]", each)[0].lower() for each in package.requires or ()})
        ),
    )


def _is_packed(path: PurePosixPath) -> bool:
    """Return whether a file belongs into the package; scripts lie outside of the folder."""
    if path.parts[0] in ("..", "bin") or path.suffix == ".pyc":
        return False
    if path.parts[0].endswith(".dist-info") and path.name in _MACHINE_DEPENDENT:
        return False
    return _LEFT_OUT.isdisjoint(path.parts[:-1])


def _remove_others(folder: Path, wanted: set[str]) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.relative_to(folder).as_posix() not in wanted:
            path.unlink()


def _read(kept: Path, platform: PackagePlatform) -> InstalledPackages:
    index = json.loads((kept / _INDEX).read_text("utf-8"))
    packages = (InstalledPackage(**{**each, "requires": tuple(each["requires"])}) for each in index)
    return InstalledPackages(platform, kept / "files", tuple(packages))


def _used_at(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:  # another process removed it
        return 0.0


def _forgotten_at() -> float:
    return time.time() - _FORGOTTEN
