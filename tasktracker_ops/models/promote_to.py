"""A package that is released in another environment than the one that it runs in."""

from __future__ import annotations

from tasktracker_ops.frozen import dataclass

from .deployment import Deployment
from .release import ReleaseResult


@dataclass(frozen=True, slots=True)
class PackagePromotion:
    """What is released where: the package of `release`, which is live in `source`.

    `sha256` is the digest of the package in hexadecimal, `commit` what it was made of, and
    `instead_of` the version that serves in `environment`.
    """

    source: str
    release: int
    sha256: str
    commit: str | None
    dirty: bool
    environment: str
    instead_of: str


@dataclass(frozen=True, slots=True)
class PromoteToResult:
    """A promotion that was done, and the release that it made in the other environment."""

    promotion: PackagePromotion
    deployment: Deployment
    release: ReleaseResult
