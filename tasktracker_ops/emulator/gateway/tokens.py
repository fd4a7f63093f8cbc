"""Verification of JSON Web Tokens on routes with a JWT authorizer.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import jwt

from tasktracker_ops.emulator.loopback import is_loopback

from .call import ApiCall

# "Currently, only RSA-based algorithms are supported."
_ALGORITHMS = ("RS256", "RS384", "RS512")
_MAX_CHARACTERS = 10_240  # of request line and headers together, API Gateway's quota
_SOURCE = "$request.header."
_TIMEOUT_SECONDS = 5.0
# API Gateway "can cache the public key for two hours".
_CACHED_SECONDS = 2 * 3600
_COOLDOWN_SECONDS = 1.0  # between two fetches for a key that the issuer does not have


class Unauthorized(Exception):
    """The call has no token, or not a valid one.

    `description` is the reason for the client; None where there was no token.
    """

    def __init__(self, reason: str, description: str | None) -> None:
        super().__init__(reason)
        self.description = description

    @property
    def challenge(self) -> str:
        """Return the value of the WWW-Authenticate header, as API Gateway writes it.

        Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-jwt.html
        """
        if self.description is None:
            return "Bearer"
        return f'Bearer scope="" error="invalid_token" error_description="{self.description}"'


class ScopeMissing(Exception):
    """The token is valid and has none of the route's scopes."""


class TokenVerifier:
    """Verifies tokens by the public keys of their issuers, which it fetches and caches.

    Source: https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
    """

    def __init__(self) -> None:
        self._clients: dict[str, jwt.PyJWKClient] = {}

    def verify(
        self, call: ApiCall, authorizer: Any, scopes: Iterable[str] | None
    ) -> dict[str, Any]:
        """Return claims and scopes as `requestContext.authorizer.jwt` describes them.

        `authorizer` is moto's, `scopes` the route's. Raises Unauthorized or ScopeMissing.
        """
        configuration = authorizer.jwt_config or {}
        token = _token(call, authorizer.identity_source)
        try:
            claims = self._claims(token, str(configuration.get("issuer", "")))
            _check_audience(claims, configuration.get("audience") or ())
        except jwt.ExpiredSignatureError as error:
            raise Unauthorized(str(error), "the token has expired") from error
        except jwt.InvalidAudienceError as error:
            description = "the token does not have a valid audience"
            raise Unauthorized(str(error), description) from error
        except (jwt.PyJWKClientConnectionError, OSError) as error:
            raise Unauthorized(str(error), "the keys of the issuer cannot be read") from error
        # A hostile token makes parsers raise these too: by deep nesting, by endless numbers.
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError, OverflowError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise Unauthorized(reason, "the token is not valid") from error
        granted = _scopes(claims)
        if scopes and not set(scopes) & set(granted):
            raise ScopeMissing(f"the route needs one of {sorted(scopes)}, the token has {granted}")
        matching = [scope for scope in granted if scope in scopes] if scopes else None
        return {
            "claims": {name: _text(value) for name, value in claims.items()},
            "scopes": matching,
        }

    def _claims(self, token: str, issuer: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        algorithm, key_id = header.get("alg"), header.get("kid")
        # Checked before the issuer is asked for a key.
        if algorithm not in _ALGORITHMS:
            raise jwt.InvalidAlgorithmError(f"algorithm {algorithm!r}")
        if not isinstance(key_id, str):
            raise jwt.InvalidKeyError("the token names no key")
        return jwt.decode(
            token,
            self._client(issuer).get_signing_key(key_id).key,
            algorithms=[algorithm],
            issuer=issuer,
            options={"require": ["exp", "iss"], "verify_aud": False},
        )

    def _client(self, issuer: str) -> jwt.PyJWKClient:
        if issuer not in self._clients:
            # The client fetches any JSON object, follows no redirect and ends in time.
            address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
            _require_safe(address)
            discovery = jwt.PyJWKClient(address, cache_jwk_set=False, timeout=_TIMEOUT_SECONDS)
            keys = str(discovery.fetch_data().get("jwks_uri"))
            _require_safe(keys)
            self._clients[issuer] = jwt.PyJWKClient(
                keys,
                lifespan=_CACHED_SECONDS,
                timeout=_TIMEOUT_SECONDS,
                cooldown_duration=_COOLDOWN_SECONDS,
            )
        return self._clients[issuer]


def _require_safe(address: str) -> None:
    # API Gateway takes https only; loopback is safe without it.
    parts = urlsplit(address)
    if not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.netloc))):
        raise jwt.PyJWKClientConnectionError(f"{address!r} is neither https nor on this machine")


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


def _check_audience(claims: Mapping[str, Any], accepted: Iterable[str]) -> None:
    """Compare `aud`, or `client_id` where there is no `aud`."""
    audience = claims["aud"] if "aud" in claims else claims.get("client_id")
    audiences = audience if isinstance(audience, list) else [audience]
    if not any(each in accepted for each in audiences if isinstance(each, str)):
        raise jwt.InvalidAudienceError(f"audience {audience!r}")


def _scopes(claims: Mapping[str, Any]) -> list[str]:
    scopes = claims["scope"] if "scope" in claims else claims.get("scp")
    if isinstance(scopes, str):
        return scopes.split()
    return [each for each in scopes if isinstance(each, str)] if isinstance(scopes, list) else []


def _text(value: Any) -> str:
    """Return a claim as the text that reaches the function."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{' '.join(map(_text, value))}]"
    return json.dumps(value, separators=(",", ":"))
