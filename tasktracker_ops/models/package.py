"""The function's package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Package:
    """The function's zip: its path, its size in bytes and its digest (hex).

    `sources` has the SHA-256 (hex) of each source file by its path below lambda_function/, in
    order, and `sources_sha256` their digest: the same on every target.
    """

    path: Path
    sources: Mapping[str, str]
    sources_sha256: str
    size: int
    sha256: str
    changed: bool
