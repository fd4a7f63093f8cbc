"""The emulator's page."""

from __future__ import annotations

import re
from typing import Any

import requests


def test_the_page_says_what_it_is_and_leads_to_the_console(aws: Any) -> None:
    """It is self-contained: it has no link, script or picture."""
    response = requests.get(f"{aws.server.url}/_tt-ops/", timeout=10)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert "This is an emulation." in response.text
    assert aws.server.url in response.text
    assert "tt-ops --target local console" in response.text
    assert not re.search(r"<(script|link|img|iframe)|\bsrc=|\bhref=|url\(|@import", response.text)
