"""Verification of JSON Web Tokens on routes with a JWT authorizer.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import jwt

from tasktracker_ops.local.http_api.call import ApiCall
from tasktracker_ops.local.http_api.issuers import Issuers, Unreachable

# "Currently, only RSA-based algorithms are supported."
_ALGORITHMS = ("RS256", "RS384", "RS512")
_MAX_CHARACTERS = 10_240  # of request line and headers together, API Gateway's quota
_SOURCE = "$request.header."


class Unauthorized(Exception):
    """There is no token, or it does not hold.

    `description` is what the client is told of a token, None where there was none.
    """

    def __init__(self, reason: str, description: str | None) -> None:
        super().__init__(reason)
        self.description = description

    @property
    def challenge(self) -> str:
        """The value of the WWW-Authenticate header, as API Gateway writes it.

        Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-jwt.html
        """
        if self.description is None:
            return "Bearer"
        return f'Bearer scope="" error="invalid_token" error_description="{self.description}"'


class ScopeMissing(Exception):
    """The token holds, and has none of the route's scopes."""


def verify(
    call: ApiCall, authorizer: Any, scopes: Iterable[str] | None, issuers: Issuers
) -> dict[str, Any]:
    """Return claims and scopes as `requestContext.authorizer.jwt` describes them.

    `authorizer` is moto's, `scopes` the route's. Raises Unauthorized or ScopeMissing.
    """
    configuration = authorizer.jwt_config or {}
    token = _token(call, authorizer.identity_source)
    try:
        claims = _verified(token, str(configuration.get("issuer", "")), issuers)
        _check_audience(claims, configuration.get("audience") or ())
    except jwt.ExpiredSignatureError as error:
        raise Unauthorized(str(error), "the token has expired") from error
    except jwt.InvalidAudienceError as error:
        description = "the token does not have a valid audience"
        raise Unauthorized(str(error), description) from error
    except Unreachable as error:
        raise Unauthorized(str(error), "the keys of the issuer cannot be read") from error
    # Whatever else a hostile token makes the parsers raise: deep nesting, endless numbers.
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError, OverflowError) as error:
        raise Unauthorized(f"{type(error).__name__}: {error}", "the token is not valid") from error
    granted = _scopes(claims)
    if scopes and not set(scopes) & set(granted):
        raise ScopeMissing(f"the route wants one of {sorted(scopes)}, the token has {granted}")
    found = [scope for scope in granted if scope in scopes] if scopes else None
    return {"claims": {name: _text(value) for name, value in claims.items()}, "scopes": found}


def _token(call: ApiCall, sources: Iterable[str] | None) -> str:
    source = next(iter(sources or ()), "")
    name = source.removeprefix(_SOURCE).lower()
    value = call.headers.get(name, "").strip() if source.startswith(_SOURCE) else ""
    token = value.removeprefix("Bearer ").strip()
    if token in ("", "Bearer"):
        raise Unauthorized(f"no token in {source!r}", None)
    if len(token) > _MAX_CHARACTERS:
        raise Unauthorized(f"a token of {len(token)} characters", "the token is not valid")
    return token


def _verified(token: str, issuer: str, issuers: Issuers) -> dict[str, Any]:
    header = jwt.get_unverified_header(token)
    algorithm, key_id = header.get("alg"), header.get("kid")
    # Before a key is looked for: none of these is worth a request to the issuer.
    if algorithm not in _ALGORITHMS:
        raise jwt.InvalidAlgorithmError(f"algorithm {algorithm!r}")
    if not isinstance(key_id, str):
        raise jwt.InvalidKeyError("the token names no key")
    key = issuers.key(issuer, key_id)
    if key is None or key.algorithm not in (None, algorithm):
        raise jwt.InvalidKeyError(f"the issuer has no key {key_id!r} for {algorithm}")
    return jwt.decode(
        token,
        key.public,
        algorithms=[algorithm],
        issuer=issuer,
        options={"require": ["exp", "iss"], "verify_aud": False},
    )


def _check_audience(claims: Mapping[str, Any], wanted: Iterable[str]) -> None:
    """`client_id` counts only where there is no `aud`."""
    said = claims["aud"] if "aud" in claims else claims.get("client_id")
    named = said if isinstance(said, list) else [said]
    if not any(each in wanted for each in named if isinstance(each, str)):
        raise jwt.InvalidAudienceError(f"audience {said!r}")


def _scopes(claims: Mapping[str, Any]) -> list[str]:
    said = claims["scope"] if "scope" in claims else claims.get("scp")
    if isinstance(said, str):
        return said.split()
    return [each for each in said if isinstance(each, str)] if isinstance(said, list) else []


def _text(value: Any) -> str:
    """Claims reach the function as text."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{' '.join(map(_text, value))}]"
    return json.dumps(value, separators=(",", ":"))
