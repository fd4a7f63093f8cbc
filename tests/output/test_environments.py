"""Environments, and what a prune did to them, as text."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tasktracker_ops.errors import Problem
from tasktracker_ops.models.environments import (
    EnvironmentList,
    EnvironmentStatus,
    PruneEnvironmentsResult,
)

KEYS = "name region api release commit deployed_at age_seconds healthy temporary expires_at"


def environment(name: str, hours: float | None, *, temporary: bool) -> EnvironmentStatus:
    """Return an environment that was deployed so many hours ago."""
    at = None if hours is None else datetime.now(UTC) - timedelta(hours=hours)
    return EnvironmentStatus.of(name, "eu-west-3", at, temporary=temporary)


def test_environments_are_a_table(show: Callable[..., str]) -> None:
    """It says when each one expires; in JSON, the time is there."""
    found = EnvironmentList(
        (
            environment("default", 100, temporary=False),
            environment("pr-1", 73, temporary=True),
            environment("pr-2", 2, temporary=True),
            environment("pr-3", None, temporary=True),
        )
    )
    rows = [line.split(maxsplit=2) for line in show(found).splitlines()[2:]]
    assert [row[0] for row in rows] == ["default", "pr-1", "pr-2", "pr-3"]
    assert [row[2].partition("eu-west-3")[0].split() for row in rows] == [
        ["4", "d", "never"],
        ["3", "d", "expired"],
        ["2", "h", "in", "2", "d"],
        [],
    ]
    first = json.loads(show(found, output="json"))["environments"][0]
    assert " ".join(first) == KEYS


def test_a_prune_says_what_was_destroyed(show: Callable[..., str]) -> None:
    """What was not has its reason, and a command."""
    problem = Problem("x", "pr-2 was not destroyed", "try it: tt-ops environments destroy pr-2")
    assert show(PruneEnvironmentsResult(("pr-1",), (), (problem,), False)).splitlines() == [
        "Destroyed pr-1.",
        "",
        "! pr-2 was not destroyed",
        "  try it: tt-ops environments destroy pr-2",
    ]
    assert show(PruneEnvironmentsResult(("pr-1",), (), (), True)) == "Would destroy pr-1.\n"
    assert show(PruneEnvironmentsResult((), ("a",), (), False)).startswith("Nothing to prune")
