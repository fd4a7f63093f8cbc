"""The environments of an account and region, and what a prune did to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tasktracker_ops.errors import Problem
from tasktracker_ops.frozen import dataclass

from .deployment import Deployment
from .times import timestamp

LIFETIME = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class DescribedEnvironment:
    """An environment with the description of its deployment.

    `deployment` is None where this tt-ops cannot read it; `changed_at` is when Terraform last
    changed what it deploys.
    """

    name: str
    deployment: Deployment | None
    changed_at: datetime

    @property
    def temporary(self) -> bool:
        """Return whether it is described as temporary."""
        return self.deployment is not None and self.deployment.temporary


@dataclass(frozen=True, slots=True)
class EnvironmentStatus:
    """An environment, its live release, and whether its API and its function work.

    `api`, `release` and `commit` are None where they are unknown, as with a first deploy that did
    not complete. `deployed_at` is the time of the last deploy that changed something; three days
    later, at `expires_at`, a temporary environment may be pruned.
    """

    name: str
    region: str
    api: str | None
    release: int | None
    commit: str | None
    deployed_at: str | None
    age_seconds: int | None
    healthy: bool
    temporary: bool
    expires_at: str | None

    @classmethod
    def of(
        cls,
        name: str,
        region: str,
        deployed_at: datetime | None,
        *,
        temporary: bool,
        api: str | None = None,
        release: int | None = None,
        commit: str | None = None,
        healthy: bool = False,
    ) -> EnvironmentStatus:
        """Return the environment with its age, and when it expires."""
        expires = deployed_at + LIFETIME if deployed_at and temporary else None
        age = datetime.now(UTC) - deployed_at if deployed_at else None
        return cls(
            name=name,
            region=region,
            api=api,
            release=release,
            commit=commit,
            deployed_at=timestamp(deployed_at) if deployed_at else None,
            age_seconds=max(0, int(age.total_seconds())) if age else None,
            healthy=healthy,
            temporary=temporary,
            expires_at=timestamp(expires) if expires else None,
        )


@dataclass(frozen=True, slots=True)
class EnvironmentList:
    """The environments of an account and region, the default one first."""

    environments: tuple[EnvironmentStatus, ...]


@dataclass(frozen=True, slots=True)
class PruneEnvironmentsResult:
    """The temporary environments that were destroyed, or would be in a dry run, and those kept.

    `problems` say why some of them could not be destroyed.
    """

    destroyed: tuple[str, ...]
    kept: tuple[str, ...]
    problems: tuple[Problem, ...]
    dry_run: bool
