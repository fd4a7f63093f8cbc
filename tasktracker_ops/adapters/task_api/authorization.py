"""Authorising requests to the API: with a bearer token (RFC 6750) or a signature (SigV4)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tasktracker_ops.adapters.host.loopback import is_loopback
from tasktracker_ops.errors import ConfigurationError

from .errors import without_userinfo

if TYPE_CHECKING:
    from tasktracker_ops.adapters.aws.session import AwsSession
    from tasktracker_ops.adapters.host.requests import requests

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # b64token of RFC 6750, section 2.1


class BearerAuth:
    """Adds a bearer token to each request to one API."""

    def __init__(self, token: str, api_url: str) -> None:
        """Raise ConfigurationError for an invalid token, or an address that is not https.

        No message quotes the token.
        """
        self._token = token.strip()
        if _TOKEN.fullmatch(self._token) is None:
            raise ConfigurationError(
                "api-token-invalid",
                "api_token is not a bearer token: it has characters other than letters, digits and "
                "-._~+/=",
                hint="set it to the token alone: export TT_OPS_API_TOKEN=TOKEN",
            )
        if urlsplit(api_url).scheme != "https" and not is_loopback(api_url):
            raise ConfigurationError(
                "api-token-exposed",
                f"{without_userinfo(api_url)!r} is not https: the token could be read in transit",
                hint="see the deployment's address: tt-ops outputs",
            )

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the Authorization header."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class IamAuth:
    """Signs each request with the session's credentials.

    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html
    """

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the headers that API Gateway verifies."""
        # Imported here, since a token does not need botocore.
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        signed = AWSRequest(method=request.method, url=request.url, data=request.body)
        region = self._session.environment.region
        SigV4Auth(self._session.credentials(), "execute-api", region).add_auth(signed)
        request.headers.update(dict(signed.headers.items()))
        return request
