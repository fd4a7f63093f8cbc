"""The function's package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Package:
    """The function's zip: its path, the files inside, its size in bytes and its digest (hex).

    `sources` are the digests of the project's own files, by path.
    """

    path: Path
    files: tuple[str, ...]
    size: int
    sha256: str
    changed: bool
    sources: Mapping[str, str]
