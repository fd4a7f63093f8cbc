"""Environments, and what a prune did to them, as text."""

from __future__ import annotations

from datetime import UTC, datetime

from tasktracker_ops.models.environments import (
    EnvironmentList,
    EnvironmentStatus,
    PruneEnvironmentsResult,
)

from .columns import Column, fit
from .results import problem_text, summary_title, text
from .screen import Screen
from .text import duration, state


@text.register
def _(result: EnvironmentList, screen: Screen) -> str:
    if not result.environments:
        return f"Nothing is deployed. Deploy the project: {screen.command('deploy')}"
    environments = result.environments
    ages = [each.age_seconds for each in environments]
    states = [state("healthy" if each.healthy else "unhealthy") for each in environments]
    columns = [
        Column("environment", [each.name for each in environments], weight=8),
        Column("health", states, weight=7),
        Column("release", [each.release or "" for each in environments], weight=6, right=True),
        Column("commit", [each.commit or "" for each in environments], weight=3),
        Column("age", ["" if age is None else duration(age) for age in ages], weight=4),
        Column("expires", [*map(_expires, environments)], weight=5),
        Column("region", [each.region for each in environments], weight=1),
        Column("API", [each.api or "not deployed" for each in environments], weight=2),
    ]
    return fit(columns, screen.columns)


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
