"""Reading a repository's ids from GitHub."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tasktracker_ops.adapters.host.github_api import GitHub
from tasktracker_ops.errors import ConfigurationError
from tasktracker_ops.models.github_access import GitHubRepository


def answer(full_name: str) -> str:
    """The part of GitHub's answer that is used."""
    return json.dumps({"id": 456789, "full_name": full_name, "owner": {"id": 123456}})


def failure(server: Any, status: int, body: str) -> ConfigurationError:
    """Return the error of reading a repository."""
    server.will_answer(status, body)
    with pytest.raises(ConfigurationError) as caught:
        GitHub(server.url).repository("octo-org/octo-repo")
    assert caught.value.exit_code == 4
    assert "'octo-org/octo-repo'" in caught.value.message
    return caught.value


def test_ids_come_from_the_repository(server: Any) -> None:
    """No token is sent."""
    server.will_answer(200, answer("octo-org/octo-repo"))
    repository = GitHub(f"{server.url}/").repository("octo-org/octo-repo")
    assert repository == GitHubRepository("octo-org", "octo-repo", "123456", "456789")
    (request,) = server.asked
    assert request.path == "/repos/octo-org/octo-repo"
    assert "authorization" not in request.headers


@pytest.mark.parametrize("name", ["Octo-Org/octo-repo", "octo-org/renamed"])
def test_other_spelling_is_refused(server: Any, name: str) -> None:
    """GitHub accepts any case and old names, but its tokens have the current name."""
    error = failure(server, 200, answer(name))
    assert error.code == "github-repository-misspelt"
    assert error.hint.endswith(f"tt-ops bootstrap --github {name}")


def test_missing_repository_is_an_error(server: Any) -> None:
    """It may be private: the hint gives the ids."""
    error = failure(server, 404, "{}")
    assert error.code == "github-repository-missing"
    assert "--github octo-org/octo-repo --github-ids " in error.hint


@pytest.mark.parametrize(
    ("status", "body"), [(403, "{}"), (500, "oh"), (200, "no JSON"), (200, "[]"), (200, "{}")]
)
def test_unexpected_response_is_an_error(server: Any, status: int, body: str) -> None:
    """Such as beyond the rate limit; the hint gives the ids."""
    error = failure(server, status, body)
    assert error.code == "github-unreachable"
    assert "--github-ids " in error.hint


def test_unreachable_api_is_an_error() -> None:
    """The message quotes the address."""
    with pytest.raises(ConfigurationError) as caught:
        GitHub("http://127.0.0.1:9").repository("octo-org/octo-repo")
    assert caught.value.code == "github-unreachable"
    assert "'http://127.0.0.1:9'" in caught.value.message
