"""`open`: the addresses of a deployment on the local target, where something answers."""

from __future__ import annotations

import json

import pytest
import requests

from tests.e2e.conftest import Clone


@pytest.mark.parametrize("name", ["api", "inbox"])
def test_an_address_is_printed_without_a_terminal(live: Clone, name: str) -> None:
    """Something answers there, and no browser is opened."""
    opened = live.read("open", name)
    url = opened["url"]
    assert opened == {"name": name, "url": url, "opened": False}
    assert requests.get(f"{url}/health" if name == "api" else url, timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("name", "hint"), [("dashboard", "dashboard --open"), ("repo", "remote -v")]
)
def test_what_is_not_there_has_a_hint(live: Clone, name: str, hint: str) -> None:
    """It names what shows the same."""
    result = live.run("open", name, "--output", "json")
    error = json.loads(result.stderr)["error"]
    assert (result.returncode, hint in error["hint"]) == (1, True)


def test_the_docs_are_those_of_the_deployed_api(live: Clone, api: str) -> None:
    """One page without scripts, which loads nothing; a signed request is one for a bucket."""
    url = live.succeed("open", "docs").strip()
    response = requests.get(url, timeout=10)
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert 'href="#get-tasks"' in response.text
    assert f'href="{api}/openapi.json"' in response.text
    assert "<script" not in response.text
    base, _, _ = url.partition("?")
    assert requests.get(f"{base}?api=none", timeout=10).status_code == 404
    signed = requests.get(base, headers={"Authorization": "AWS4-HMAC-SHA256 x"}, timeout=10)
    assert "text/html" not in signed.headers.get("content-type", "")
