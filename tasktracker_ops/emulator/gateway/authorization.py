"""The authorization types of HTTP APIs.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import signature, tokens
from .answer import HttpAnswer, message
from .call import ApiCall

Authorizer = Mapping[str, Any]
"""`requestContext.authorizer` of the event: an object below `iam` or `jwt`."""


class Denied(Exception):
    """A call without authorization; `answer` is the response, the message the reason."""

    def __init__(self, reason: str, answer: HttpAnswer) -> None:
        super().__init__(reason)
        self.answer = answer


class Authorization:
    """Authorizes calls as each route says."""

    def __init__(self) -> None:
        self._tokens = tokens.TokenVerifier()

    def authorize(self, call: ApiCall, api: Any, route: Any, region: str) -> Authorizer | None:
        """Return the caller, None on an open route. Raises Denied.

        `api` and `route` are moto's.
        """
        kind = route.authorization_type or "NONE"
        try:
            if kind == "NONE":
                return None
            if kind == "AWS_IAM":
                return {"iam": signature.verify(call, region)}
            if kind == "JWT" and (authorizer := api.authorizers.get(route.authorizer_id)):
                scopes = route.authorization_scopes
                return {"jwt": self._tokens.verify(call, authorizer, scopes)}
        except (signature.Forbidden, tokens.ScopeMissing) as error:
            raise Denied(str(error), message(403, "Forbidden")) from error
        except tokens.Unauthorized as error:
            raise Denied(str(error), _challenge(error.challenge)) from error
        raise Denied(f"{kind} authorizers are not emulated", message(401, "Unauthorized"))


def _challenge(challenge: str) -> HttpAnswer:
    plain = message(401, "Unauthorized")
    headers = (*plain.headers, ("www-authenticate", challenge))
    return HttpAnswer(plain.status, headers, plain.body)
