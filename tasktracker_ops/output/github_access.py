"""GitHub's access to the account as text."""

from __future__ import annotations

from tasktracker_ops.models.github_access import GitHubAccess

from .results import text
from .screen import Screen
from .text import counts, pairs


@text.register
def _(result: GitHubAccess, screen: Screen) -> str:
    state = "up to date" if result.plan.empty else counts(result.plan, done=True)
    repository = result.repository.full_name
    rows = {
        "repository": repository,
        "deploys from": f"branch {result.branch}, environment {result.environment}",
        "deployer role": result.deployer_role_arn,
        "planner role": result.planner_role_arn,
        "previewer role": result.previewer_role_arn,
        "monitor role": result.monitor_role_arn,
    }
    variables = {
        "AWS_ROLE_ARN": result.deployer_role_arn,
        "AWS_PLAN_ROLE_ARN": result.planner_role_arn,
        "AWS_PREVIEW_ROLE_ARN": result.previewer_role_arn,
        "AWS_MONITOR_ROLE_ARN": result.monitor_role_arn,
    }
    lines = [
        *(f"  gh variable set {k} --repo {repository} --body {v}" for k, v in variables.items()),
        f"  gh secret set ALERT_EMAIL --repo {repository}",
    ]
    commands = "\n".join(lines)
    return "\n\n".join(
        [
            text(result.backend, screen),
            f"GitHub access: {state}.",
            pairs(rows),
            f"Configure the repository (the last command asks for the address):\n{commands}",
        ]
    )
