"""The API's address: no request is sent to AWS when an emulator made it up."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from .conftest import DESCRIPTION, KEYS, Run


@pytest.fixture
def run(run: Run, endpoint: str, server: Any, describe: Callable[..., None]) -> Run:
    """Run `tt-ops` behind a plain moto server; `server` is the proxy to everything else."""
    server.will_answer(502)
    describe()
    proxy = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), server.url)
    variables = {"AWS_ENDPOINT_URL": endpoint, "PATH": "", **KEYS, **proxy}
    return partial(run, "--output", "json", **variables)


@pytest.mark.parametrize("api_auth", ["NONE", "AWS_IAM", "JWT"])
@pytest.mark.parametrize("command", ["tasks list", "tasks add one", "trigger-error"])
def test_no_request_is_sent_to_an_address_that_an_emulator_made_up(
    run: Run,
    server: Any,
    endpoint: str,
    describe: Callable[..., None],
    command: str,
    api_auth: str,
) -> None:
    """The error names both addresses, the hint two alternatives."""
    describe(api_auth=api_auth)
    result = run(*command.split(), TT_OPS_API_TOKEN="token")
    error = json.loads(result.stderr[result.stderr.index("{") :])["error"]
    assert (result.exit_code, error["code"]) == (4, "api-not-served")
    assert DESCRIPTION["api_url"] in error["message"]
    assert endpoint in error["message"]
    assert "--checks none" in error["hint"]
    assert "--api-url" in error["hint"]
    assert server.asked == []


def test_status_shows_everything_else(run: Run, server: Any) -> None:
    """That the API cannot be reached is one of its problems."""
    result = run("status")
    status = json.loads(result.stdout)
    assert result.exit_code == 1
    assert status["problems"][0]["code"] == "api-not-served"
    assert (status["api"]["healthy"], status["alarms"]) == (False, [])
    assert server.asked == []


def test_an_explicit_api_url_is_used(run: Run, server: Any) -> None:
    """`--api-url` takes precedence over the description of the deployment."""
    server.answers.clear()
    server.will_answer(200, "[]", content_type="application/json")
    result = run("tasks", "--api-url", server.url, "list")
    assert (result.exit_code, json.loads(result.stdout)) == (0, [])
