"""Values that a shell may offer, each with a description, by few calls to AWS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tasktracker_ops.models.release import essentials
from tasktracker_ops.settings_file import file_environments

if TYPE_CHECKING:
    from tasktracker_ops.app import App


def environments(app: App) -> Iterator[tuple[str, str]]:
    """Yield the environments of the project's file, then the others of the account."""
    ours = file_environments(app.settings.configuration_file)
    yield from ((name, "in tt-ops.toml") for name in ours)
    for each in app.environments.described():
        if each.name not in ours:
            api = each.deployment.api_url if each.deployment else ""
            yield each.name, api


def releases(app: App) -> Iterator[tuple[str, str]]:
    """Yield the releases that exist, the newest first, with their commits."""
    for version in app.deployed_function(app.deployments.get()).versions():
        commit, _, by = essentials(version.description)
        yield str(version.release), ", ".join(filter(None, [commit and commit[:7], by, version.at]))


def alarms(app: App) -> Iterator[tuple[str, str]]:
    """Yield the alarms of the deployment."""
    yield from ((name, "") for name in app.deployments.get().alarm_names)
