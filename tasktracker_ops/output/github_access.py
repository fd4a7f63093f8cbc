"""The text of GitHub's access to the account."""

from __future__ import annotations

from tasktracker_ops.models.github_access import GitHubAccess

from .results import text
from .screen import Screen
from .text import counts, pairs


@text.register
def _(result: GitHubAccess, screen: Screen) -> str:
    state = "as it should be" if result.plan.empty else counts(result.plan, done=True)
    repository = result.repository.full_name
    rows = {
        "repository": repository,
        "deploys from": f"branch {result.branch}, environment {result.environment}",
        "deployer": result.deployer_role_arn,
        "planner": result.planner_role_arn,
    }
    variables = {
        "AWS_ROLE_ARN": result.deployer_role_arn,
        "AWS_PLAN_ROLE_ARN": result.planner_role_arn,
    }
    commands = [
        *(f"gh variable set {k} --repo {repository} --body {v}" for k, v in variables.items()),
        f"gh secret set ALERT_EMAIL --repo {repository}",
    ]
    following = "\n".join(f"  {command}" for command in commands)
    return "\n\n".join(
        [
            text(result.backend, screen),
            f"Access of GitHub: {state}.",
            pairs(rows),
            f"Tell the repository (the last asks for the address):\n{following}",
        ]
    )
