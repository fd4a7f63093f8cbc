"""Events that start a run: a push, a pull request, a start by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def pull_request(
    action: str = "synchronize",
    *,
    head: str = REPOSITORY,
    author: str = "octocat",
    labels: Sequence[str] = (),
    label: str = "",
    state: str = "open",
) -> Event:
    """Return a pull request from a branch of the repository `head`.

    It has `labels`; `label` is the one that was put on it or taken away.
    """
    request = Open(
        number="7",
        user=Open(login=author),
        head=Open(repo=Open(full_name=head)),
        labels=[Open(name=each) for each in labels],
        state=state,
    )
    payload = {"action": action, "label": Open(name=label), "pull_request": request}
    return Event("pull_request", "refs/pull/7/merge", payload)


def nightly() -> Event:
    """Return the run that a schedule starts on the default branch."""
    return Event("schedule", "refs/heads/main")
