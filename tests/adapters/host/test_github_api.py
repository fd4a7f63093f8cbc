"""A repository's ids, as GitHub tells them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tasktracker_ops.adapters.host.github_api import GitHub
from tasktracker_ops.errors import ConfigurationError
from tasktracker_ops.models.github_access import GitHubRepository


def answer(full_name: str) -> str:
    """The part of GitHub's answer that matters."""
    return json.dumps({"id": 456789, "full_name": full_name, "owner": {"id": 123456}})


def refusal(server: Any, status: int, body: str) -> ConfigurationError:
    """Ask, and be refused."""
    server.will_answer(status, body)
    with pytest.raises(ConfigurationError) as caught:
        GitHub(server.url).repository("octo-org/octo-repo")
    assert caught.value.exit_code == 4
    assert "'octo-org/octo-repo'" in caught.value.message
    return caught.value


def test_ids_come_from_the_repository(server: Any) -> None:
    """No token is sent: what is public is enough."""
    server.will_answer(200, answer("octo-org/octo-repo"))
    found = GitHub(f"{server.url}/").repository("octo-org/octo-repo")
    assert found == GitHubRepository("octo-org", "octo-repo", "123456", "456789")
    (request,) = server.asked
    assert request.path == "/repos/octo-org/octo-repo"
    assert "authorization" not in request.headers


@pytest.mark.parametrize("name", ["Octo-Org/octo-repo", "octo-org/renamed"])
def test_another_spelling_is_refused(server: Any, name: str) -> None:
    """GitHub finds a repository in any case and by old names, and its tokens have the true one."""
    error = refusal(server, 200, answer(name))
    assert error.code == "github-repository-misspelt"
    assert error.hint.endswith(f"tt-ops bootstrap --github {name}")


def test_an_unknown_repository_may_be_private(server: Any) -> None:
    """Then its ids have to be given."""
    error = refusal(server, 404, "{}")
    assert error.code == "github-repository-missing"
    assert "--github octo-org/octo-repo --github-ids " in error.hint


@pytest.mark.parametrize(
    ("status", "body"), [(403, "{}"), (500, "oh"), (200, "no JSON"), (200, "[]"), (200, "{}")]
)
def test_without_an_answer_the_ids_can_be_given(server: Any, status: int, body: str) -> None:
    """Beyond a limit of requests, for example."""
    error = refusal(server, status, body)
    assert error.code == "github-unreachable"
    assert "--github-ids " in error.hint


def test_without_a_network_the_ids_can_be_given() -> None:
    """The address is quoted."""
    with pytest.raises(ConfigurationError) as caught:
        GitHub("http://127.0.0.1:9").repository("octo-org/octo-repo")
    assert caught.value.code == "github-unreachable"
    assert "'http://127.0.0.1:9'" in caught.value.message
