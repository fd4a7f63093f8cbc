"""GitHub's access as text."""

from __future__ import annotations

from collections.abc import Callable

from tasktracker_ops.models.github_access import GitHubAccess, GitHubRepository

from .examples import BOOTSTRAP, PLAN

ACCESS = GitHubAccess(
    backend=BOOTSTRAP,
    repository=GitHubRepository("octo-org", "octo-repo", "123456", "456789"),
    branch="main",
    environment="production",
    deployer_role_arn="arn:deployer",
    planner_role_arn="arn:planner",
    previewer_role_arn="arn:previewer",
    monitor_role_arn="arn:monitor",
    plan=PLAN,
)


def test_access_ends_with_the_commands_that_configure_the_repository(
    show: Callable[..., str],
) -> None:
    """They can be pasted."""
    text = show(ACCESS)
    assert "State backend: 1 added" in text
    assert "GitHub access: 1 added" in text
    assert text.splitlines()[-5:] == [
        "  gh variable set AWS_ROLE_ARN --repo octo-org/octo-repo --body arn:deployer",
        "  gh variable set AWS_PLAN_ROLE_ARN --repo octo-org/octo-repo --body arn:planner",
        "  gh variable set AWS_PREVIEW_ROLE_ARN --repo octo-org/octo-repo --body arn:previewer",
        "  gh variable set AWS_MONITOR_ROLE_ARN --repo octo-org/octo-repo --body arn:monitor",
        "  gh secret set ALERT_EMAIL --repo octo-org/octo-repo",
    ]
