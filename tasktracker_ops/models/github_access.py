"""GitHub's OIDC access to the account."""

from __future__ import annotations

from tasktracker_ops.frozen import dataclass

from .deployment import BootstrapResult
from .plan import Plan


@dataclass(frozen=True, slots=True)
class GitHubRepository:
    """A repository on GitHub; a name can be given to another repository, an id cannot."""

    owner: str
    name: str
    owner_id: str
    id: str

    @property
    def full_name(self) -> str:
        """Return OWNER/REPO."""
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True, slots=True)
class GitHubAccess:
    """The roles that a repository's workflows may assume, and what the bootstrap changed.

    `deployer_role_arn` is for jobs with `environment` on `branch`, `planner_role_arn` for pull
    requests, `previewer_role_arn` for their previews, `monitor_role_arn` for the nightly job that
    monitors the deployment.
    """

    backend: BootstrapResult
    repository: GitHubRepository
    branch: str
    environment: str
    deployer_role_arn: str
    planner_role_arn: str
    previewer_role_arn: str
    monitor_role_arn: str
    plan: Plan
