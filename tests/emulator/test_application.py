"""The emulator serves this machine only, and no web page."""

from __future__ import annotations

from typing import Any

import pytest
import requests


@pytest.mark.parametrize("path", ["/_tt-ops/", "/_tt-ops/health", "/_aws/execute-api/x/", "/"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example", ""])
def test_a_rebound_host_name_is_refused(aws: Any, path: str, host: str) -> None:
    """A page whose name resolves to 127.0.0.1 reads nothing."""
    response = requests.get(aws.server.url + path, headers={"Host": host}, timeout=5)
    assert response.status_code == 403


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:1", "api.localhost"])
def test_names_of_this_machine_are_accepted(aws: Any, host: str) -> None:
    """Loopback has more than one name."""
    url = f"{aws.server.url}/_tt-ops/health"
    assert requests.get(url, headers={"Host": host}, timeout=5).status_code == 200


@pytest.mark.parametrize("path", ["/2015-03-31/functions", "/_tt-ops/inbox"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil"])
def test_another_site_is_refused(aws: Any, path: str, origin: str) -> None:
    """It can neither deploy a function, which is code that runs here, nor read the inbox."""
    response = requests.post(aws.server.url + path, headers={"Origin": origin}, timeout=5)
    assert response.status_code == 403
    assert "access-control-allow-origin" not in response.headers


def test_an_unknown_page_is_not_found(aws: Any) -> None:
    """It is a 404."""
    assert requests.get(f"{aws.server.url}/_tt-ops/nothing", timeout=5).status_code == 404
