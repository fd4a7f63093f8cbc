"""SigV4 for requests to API Gateway (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html)."""

from __future__ import annotations

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from .session import AwsSession


class IamAuth(requests.auth.AuthBase):
    """Signs each request with the session's credentials."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the headers that API Gateway verifies."""
        signed = AWSRequest(method=request.method, url=request.url, data=request.body)
        region = self._session.environment.region
        SigV4Auth(self._session.credentials(), "execute-api", region).add_auth(signed)
        request.headers.update(dict(signed.headers.items()))
        return request
