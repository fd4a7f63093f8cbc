"""Canaries: a new release takes a share of the requests for a while, and is watched."""

from __future__ import annotations

from tasktracker_ops.frozen import dataclass


@dataclass(frozen=True, slots=True)
class CanaryOptions:
    """A release takes the share `weight` (from 0 to 1) of the requests for `seconds`.

    Without `watched` it does until somebody promotes or aborts it.
    """

    weight: float
    seconds: float
    watched: bool = True


@dataclass(frozen=True, slots=True)
class ReleaseMetrics:
    """What CloudWatch has of a release since its bake began.

    `p95` is that of the duration in the newest minute that had a request, in milliseconds.
    """

    release: str
    requests: int
    errors: int
    throttles: int
    p95: float | None


@dataclass(frozen=True, slots=True)
class BakeProgress:
    """Both releases while one bakes; `remaining` is in seconds."""

    baking: ReleaseMetrics
    other: ReleaseMetrics
    weight: float
    remaining: float


@dataclass(frozen=True, slots=True)
class BakeResult:
    """How somebody has ended the bake of a release: `decision` is promoted or aborted.

    `live` is the release that takes all requests now. `outcome` is that of `release`, and `checks`
    passed, partly passed, not needed, or pending where the run that watches it checks the API.
    """

    release: str
    live: str
    decision: str
    outcome: str
    checks: str
