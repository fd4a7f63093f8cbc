"""GitHub's OIDC access to the account."""

from __future__ import annotations

from dataclasses import dataclass

from .deployment import BootstrapResult
from .plan import Plan


@dataclass(frozen=True, slots=True)
class GitHubRepository:
    """A repository on GitHub; names change hands, ids never do."""

    owner: str
    name: str
    owner_id: str
    id: str

    @property
    def full_name(self) -> str:
        """OWNER/REPO."""
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True, slots=True)
class GitHubAccess:
    """Who of a repository's workflows gets into the account, and what a bootstrap changed there.

    `deployer_role_arn` is for jobs with `environment` on `branch`, `planner_role_arn` for pull
    requests.
    """

    backend: BootstrapResult
    repository: GitHubRepository
    branch: str
    environment: str
    deployer_role_arn: str
    planner_role_arn: str
    plan: Plan
