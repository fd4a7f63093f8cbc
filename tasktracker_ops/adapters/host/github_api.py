"""What GitHub's REST API says of a repository; asked without a token."""

from __future__ import annotations

from typing import Any

import requests

from tasktracker_ops.errors import ConfigurationError
from tasktracker_ops.models.github_access import GitHubRepository

_TIMEOUT = 10.0  # seconds


class GitHub:
    """GitHub's public REST API."""

    def __init__(self, api_url: str) -> None:
        self._api_url = api_url.rstrip("/")

    def repository(self, full_name: str) -> GitHubRepository:
        """Return the repository OWNER/REPO with its ids, spelt exactly as GitHub spells it.

        Raises ConfigurationError: github-repository-missing, github-repository-misspelt,
        github-unreachable.
        https://docs.github.com/en/rest/repos/repos#get-a-repository
        """
        try:
            answer = requests.get(
                f"{self._api_url}/repos/{full_name}",
                headers={"Accept": "application/vnd.github+json"},
                timeout=_TIMEOUT,
            )
            said: Any = answer.json() if answer.ok else None
        except requests.RequestException as error:
            raise self._unreachable(full_name, type(error).__name__) from None
        if answer.status_code == 404:
            raise ConfigurationError(
                "github-repository-missing",
                f"there is no public repository {full_name!r} on GitHub",
                hint=f"see how it is spelt; of a private one, give the ids: {_with_ids(full_name)}",
            )
        if not answer.ok:
            raise self._unreachable(full_name, f"it answered {answer.status_code}")
        try:
            owner, _, name = str(said["full_name"]).partition("/")
            found = GitHubRepository(owner, name, str(said["owner"]["id"]), str(said["id"]))
        except (KeyError, TypeError):
            raise self._unreachable(full_name, "its answer is not of its form") from None
        if found.full_name != full_name:
            # Tokens carry the name as it is now, and AWS compares every letter.
            raise ConfigurationError(
                "github-repository-misspelt",
                f"the repository {full_name!r} is called {found.full_name!r} on GitHub",
                hint=f"take its name as it is there: tt-ops bootstrap --github {found.full_name}",
            )
        return found

    def _unreachable(self, full_name: str, reason: str) -> ConfigurationError:
        return ConfigurationError(
            "github-unreachable",
            f"the ids of {full_name!r} cannot be asked of GitHub at {self._api_url!r}: {reason}",
            hint=f"give them: {_with_ids(full_name)}",
        )


def _with_ids(full_name: str) -> str:
    return f"tt-ops bootstrap --github {full_name} --github-ids OWNER_ID/REPOSITORY_ID"
