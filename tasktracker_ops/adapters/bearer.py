"""Bearer tokens for the API (RFC 6750)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tasktracker_ops.errors import ConfigurationError

from .loopback import is_loopback
from .refusals import without_userinfo

if TYPE_CHECKING:
    import requests

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # b64token of RFC 6750, section 2.1


class BearerAuth:
    """Puts a token on each request to one API."""

    def __init__(self, token: str, api_url: str) -> None:
        """Raises ConfigurationError, never quoting the token."""
        self._token = token.strip()
        if _TOKEN.fullmatch(self._token) is None:
            raise ConfigurationError(
                "api-token-invalid",
                "api_token is no bearer token: it has other characters than letters, digits and "
                "-._~+/=",
                hint="set it to the token alone: export TT_OPS_API_TOKEN=TOKEN",
            )
        if urlsplit(api_url).scheme != "https" and not is_loopback(api_url):
            raise ConfigurationError(
                "api-token-exposed",
                f"{without_userinfo(api_url)!r} is not https: the token could be read on its way",
                hint="see the deployment's own address: tt-ops outputs",
            )

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request
