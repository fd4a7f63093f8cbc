"""Events that start a run: a push, a pull request, a start by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .expressions import Open

REPOSITORY = "octo-org/task-tracker"


@dataclass(frozen=True)
class Event:
    """An event that starts a run."""

    name: str
    ref: str
    payload: Mapping[str, Any] = field(default_factory=dict)


def push(branch: str = "main") -> Event:
    """Return a push to a branch."""
    return Event("push", f"refs/heads/{branch}")


def by_hand(branch: str, **inputs: str) -> Event:
    """Return a start by hand on a branch, with the form's inputs."""
    return Event("workflow_dispatch", f"refs/heads/{branch}", {"inputs": inputs})


def pull_request(*, head: str = REPOSITORY, author: str = "octocat") -> Event:
    """Return a pull request from a branch of the repository `head`."""
    request = Open(
        number="7",
        user=Open(login=author),
        head=Open(repo=Open(full_name=head)),
    )
    return Event("pull_request", "refs/pull/7/merge", {"pull_request": request})
