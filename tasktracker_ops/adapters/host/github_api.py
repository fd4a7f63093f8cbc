"""GitHub's REST API, used without a token."""

from __future__ import annotations

from typing import Any

from tasktracker_ops.errors import ConfigurationError
from tasktracker_ops.models.github_access import GitHubRepository

from .requests import requests

_TIMEOUT = 10.0  # seconds


class GitHub:
    """GitHub's public REST API."""

    def __init__(self, api_url: str) -> None:
        self._api_url = api_url.rstrip("/")

    def repository(self, full_name: str) -> GitHubRepository:
        """Return the repository OWNER/REPO with its ids; the spelling must be GitHub's.

        Raises ConfigurationError: github-repository-missing, github-repository-misspelt,
        github-unreachable.
        Source: https://docs.github.com/en/rest/repos/repos#get-a-repository
        """
        try:
            answer = requests.get(
                f"{self._api_url}/repos/{full_name}",
                headers={"Accept": "application/vnd.github+json"},
                timeout=_TIMEOUT,
            )
            content: Any = answer.json() if answer.ok else None
        except requests.RequestException as error:
            raise self._unreachable(full_name, type(error).__name__) from None
        if answer.status_code == 404:
            raise ConfigurationError(
                "github-repository-missing",
                f"there is no public repository {full_name!r} on GitHub",
                hint=f"check the spelling; if it is private, give the ids: {_with_ids(full_name)}",
            )
        if not answer.ok:
            raise self._unreachable(full_name, f"it answered {answer.status_code}")
        try:
            owner, _, name = str(content["full_name"]).partition("/")
            ids = str(content["owner"]["id"]), str(content["id"])
        except (KeyError, TypeError):
            raise self._unreachable(full_name, "its answer has no ids") from None
        repository = GitHubRepository(owner, name, *ids)
        if repository.full_name != full_name:
            # Tokens carry the current name, and AWS compares it exactly.
            raise ConfigurationError(
                "github-repository-misspelt",
                f"the repository {full_name!r} is called {repository.full_name!r} on GitHub",
                hint=f"use that name: tt-ops bootstrap --github {repository.full_name}",
            )
        return repository

    def _unreachable(self, full_name: str, reason: str) -> ConfigurationError:
        return ConfigurationError(
            "github-unreachable",
            f"the ids of {full_name!r} cannot be read from {self._api_url!r}: {reason}",
            hint=f"give the ids: {_with_ids(full_name)}",
        )


def _with_ids(full_name: str) -> str:
    return f"tt-ops bootstrap --github {full_name} --github-ids OWNER_ID/REPOSITORY_ID"
