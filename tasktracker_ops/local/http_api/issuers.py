"""The public keys of token issuers, found as OpenID Connect Discovery 1.0 describes.

Source: https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
"""

from __future__ import annotations

import ipaddress
import json
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWTError
from jwt.algorithms import RSAAlgorithm

_log = logging.getLogger(__name__)
# API Gateway "can cache the public key for two hours".
_CACHED_SECONDS = 2 * 3600.0
_PAUSE_SECONDS = 1.0  # between two looks for a key that was not there
_TIMEOUT_SECONDS = 5.0
_MAX_BYTES = 256 * 1024


class Unreachable(Exception):
    """The issuer's keys cannot be had; the message says why."""


class Key(NamedTuple):
    """A public key for signatures, and the one algorithm it is for, if it says so."""

    public: RSAPublicKey
    algorithm: str | None


@dataclass
class _KeySet:
    keys: Mapping[str, Key] = field(default_factory=dict)
    fetched_at: float | None = None
    tried_at: float | None = None
    failure: str = ""
    fetching: threading.Lock = field(default_factory=threading.Lock)

    def cached(self, key_id: str) -> Key | None:
        """Return a key that was fetched not too long ago."""
        fetched = self.fetched_at
        if fetched is None or time.monotonic() - fetched >= _CACHED_SECONDS:
            return None
        return self.keys.get(key_id)


class Issuers:
    """The keys of every issuer that was asked for, kept for two hours.

    A key that is not among them has the set fetched again, at most once a second, so that a
    rotated key is known at once and a flood of invented ones does not reach the issuer.
    """

    def __init__(self) -> None:
        self._sets: dict[str, _KeySet] = {}
        self._adding = threading.Lock()

    def key(self, issuer: str, key_id: str) -> Key | None:
        """Return the issuer's key of that id; None when it has none. Raises Unreachable."""
        with self._adding:
            known = self._sets.setdefault(issuer, _KeySet())
        if (key := known.cached(key_id)) is not None:
            return key
        with known.fetching:
            if known.tried_at is None or time.monotonic() - known.tried_at >= _PAUSE_SECONDS:
                _refresh(known, issuer)
            if known.failure:
                raise Unreachable(known.failure)
            return known.keys.get(key_id)


def _refresh(known: _KeySet, issuer: str) -> None:
    try:
        known.keys, known.failure = _fetch(issuer), ""
        known.fetched_at = time.monotonic()
    except Unreachable as error:
        known.failure = str(error)
        _log.warning("keys of %s: %s", issuer, error)
    known.tried_at = time.monotonic()


def _fetch(issuer: str) -> dict[str, Key]:
    document = _get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    address = document.get("jwks_uri")
    if not isinstance(address, str):
        raise Unreachable("the issuer's configuration has no jwks_uri")
    published = _get(address).get("keys")
    if not isinstance(published, list):
        raise Unreachable(f"{address} has no keys")
    return {
        each["kid"]: key
        for each in published
        if isinstance(each, dict) and isinstance(each.get("kid"), str) and (key := _read(each))
    }


def _read(published: dict[str, Any]) -> Key | None:
    """Return a published key, or None for one that signs nothing here (RFC 7517, section 4)."""
    if published.get("kty") != "RSA" or published.get("use", "sig") != "sig":
        return None
    try:
        key = RSAAlgorithm.from_jwk(published)
    except (PyJWTError, ValueError, TypeError):
        return None
    return Key(key, published.get("alg")) if isinstance(key, RSAPublicKey) else None


def _get(address: str) -> dict[str, Any]:
    _require_safe(address)
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    try:
        with requests.Session() as http:
            http.trust_env = not _is_loopback(address)
            with http.get(
                address, timeout=_TIMEOUT_SECONDS, stream=True, allow_redirects=False
            ) as answer:
                if answer.status_code != 200:
                    raise Unreachable(f"{address} answers {answer.status_code}")
                content = b""
                for part in answer.iter_content(8192):
                    content += part
                    if len(content) > _MAX_BYTES or time.monotonic() > deadline:
                        raise Unreachable(f"{address} sends too much, or too slowly")
        document = json.loads(content)
    except (requests.RequestException, ValueError, RecursionError) as error:
        raise Unreachable(f"{address}: {error}") from error
    if not isinstance(document, dict):
        raise Unreachable(f"{address} is no JSON object")
    return document


def _require_safe(address: str) -> None:
    try:
        scheme = urlsplit(address).scheme
    except ValueError as error:
        raise Unreachable(f"{address!r}: {error}") from error
    # API Gateway takes https only; on this machine there is nobody to listen in.
    if not (scheme == "https" or (scheme == "http" and _is_loopback(address))):
        raise Unreachable(f"{address!r} is neither https nor on this machine")


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
