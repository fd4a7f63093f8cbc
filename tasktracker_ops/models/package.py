"""The function's package: the project's sources, and the packages that they need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from tasktracker_ops.frozen import dataclass

# Bytes. Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_LARGEST_REQUEST = 50 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class PackagePlatform:
    """What the packages of a requirements.txt are installed for; alone, this machine.

    `python` is the Python version (`3.12`), `machine` the processor as platform.machine() names it,
    `tags` the platform tags of the wheels that run there, best first, and `markers` the values that
    a requirement's environment markers are compared with.
    """

    label: str
    python: str
    machine: str
    tags: tuple[str, ...] = ()
    markers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PackagePart:
    """What a package, or all sources together, add: number of files, and their size in bytes."""

    name: str
    version: str | None
    files: int
    size: int


@dataclass(frozen=True, slots=True)
class InstalledPackage:
    """A package that was installed for the function.

    `files` has the size of each of its files that are packed, in bytes, by its path; `requires` are
    the names of the packages that it may need.
    """

    name: str
    version: str
    files: Mapping[str, int]
    requires: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InstalledPackages:
    """The packages that a requirements.txt names and what they need, in a folder."""

    platform: PackagePlatform
    folder: Path
    packages: tuple[InstalledPackage, ...]

    @property
    def files(self) -> dict[str, int]:
        """Return the size of each file of all packages by its path."""
        return {path: size for each in self.packages for path, size in each.files.items()}


@dataclass(frozen=True, slots=True)
class Package:
    """The function's zip: its path, its size in bytes and its digest (hex).

    `sources` has the SHA-256 (hex) of each source file by its path below lambda_function/, in
    order, and `sources_sha256` their digest: the same on every target. `platform` says what the
    packages in it were installed for, None without any. `parts` are what makes the size, largest
    first, and `unpacked_size` is that of all files.
    """

    path: Path
    sources: Mapping[str, str]
    sources_sha256: str
    platform: str | None
    parts: tuple[PackagePart, ...]
    size: int
    unpacked_size: int
    sha256: str
    changed: bool

    @property
    def is_large(self) -> bool:
        """Return whether a request cannot hold the zip, so that Lambda has to read it from S3."""
        return self.size > _LARGEST_REQUEST
