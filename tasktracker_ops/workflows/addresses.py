"""Find the addresses of what belongs to a deployment, and open them in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.addresses import Address

if TYPE_CHECKING:
    from tasktracker_ops.app import App

# What shows the same where the target has no page for it.
_INSTEAD = {
    "docs": "read the description that it serves: tt-ops open api",
    "dashboard": "draw it: tt-ops dashboard --open",
    "logs": "follow it in the terminal: tt-ops logs --follow",
    "inbox": "see who receives the mail: tt-ops status",
}


def open_address(app: App, name: str, *, show: bool) -> Address:
    """Return the address of one of NAMES; with `show`, open it in a browser if there is one.

    Raises TtOpsError `page-missing` where the target has none, `repository-missing` for a project
    that is not on GitHub.
    """
    url = _repository(app) if name == "repo" else _page(app, name)
    opened = False
    if show:
        from tasktracker_ops.adapters.host.browser import open_page

        opened = open_page(url, app.settings.environ)
    return Address(name, url, opened)


def _page(app: App, name: str) -> str:
    from tasktracker_ops.adapters.aws.deployments import api_address

    deployment = app.deployments.get()
    if name == "api":
        return api_address(deployment, app.session.environment)
    url = app.target.pages(deployment).get(name)
    if url is None:
        raise TtOpsError(
            "page-missing",
            f"{app.target.label} has no page {name!r} of this deployment",
            hint=_INSTEAD[name],
        )
    return url


def _repository(app: App) -> str:
    from tasktracker_ops.adapters.host.git import github_repository

    project = app.settings.project
    if (name := github_repository(project)) is None:
        raise TtOpsError(
            "repository-missing",
            f"the remote 'origin' of {str(project)!r} is no repository on GitHub",
            hint=f"see its remotes: git -C {project} remote -v",
        )
    return f"https://github.com/{name}"
