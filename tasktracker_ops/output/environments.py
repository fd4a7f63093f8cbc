"""Environments, and what a prune did to them, as text."""

from __future__ import annotations

from datetime import UTC, datetime

from tasktracker_ops.models.environments import (
    EnvironmentList,
    EnvironmentStatus,
    PruneEnvironmentsResult,
)

from .results import problem_text, summary_title, text
from .screen import Screen
from .text import StyledText, duration, state, table


@text.register
def _(result: EnvironmentList, screen: Screen) -> str:
    if not result.environments:
        return f"Nothing is deployed. Deploy the project: {screen.command('deploy')}"
    headers = ["environment", "health", "release", "commit", "age", "expires", "region", "API"]
    rows = [
        [
            each.name,
            StyledText(state("healthy" if each.healthy else "unhealthy").rstrip()),
            str(each.release or ""),
            each.commit or "",
            "" if each.age_seconds is None else duration(each.age_seconds),
            _expires(each),
            each.region,
            each.api or "not deployed",
        ]
        for each in result.environments
    ]
    return table(headers, rows, right=("release",))


def _expires(environment: EnvironmentStatus) -> str:
    if environment.expires_at is None:
        return "" if environment.temporary else "never"
    left = (datetime.fromisoformat(environment.expires_at) - datetime.now(UTC)).total_seconds()
    return "expired" if left <= 0 else f"in {duration(left)}"


@text.register
@summary_title("Prune of environments")
def _(result: PruneEnvironmentsResult, screen: Screen) -> str:
    verb = "Would destroy" if result.dry_run else "Destroyed"
    lines = [f"{verb} {', '.join(result.destroyed)}." if result.destroyed else ""]
    if not (result.destroyed or result.problems):
        lines = ["Nothing to prune: no temporary environment has expired."]
    lines += [problem_text(problem, screen) for problem in result.problems]
    return "\n\n".join(filter(None, lines))
