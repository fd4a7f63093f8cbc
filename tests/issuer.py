"""An issuer of JSON Web Tokens."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from .http_server import serving

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


@dataclass
class Issuer:
    """An identity provider on this machine, with its `keys` by id; `asked` are requested paths."""

    url: str
    keys: dict[str, RSAPrivateKey]
    asked: list[str] = field(default_factory=list)

    def key_set(self) -> dict[str, Any]:
        """Return the published keys (RFC 7517)."""
        from jwt.algorithms import RSAAlgorithm

        return {
            "keys": [
                {**json.loads(RSAAlgorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig"}
                for kid, key in self.keys.items()
            ]
        }

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return valid claims with some changed; None leaves one out."""
        now = int(time.time())
        valid = {"iss": self.url, "aud": "tasks", "sub": "someone", "iat": now, "exp": now + 300}
        return {name: value for name, value in {**valid, **changes}.items() if value is not None}

    def token(self, scope: str | None = None, **changes: Any) -> str:
        """Issue a token, signed with the first key."""
        import jwt

        kid, key = next(iter(self.keys.items()))
        claims = self.claims(scope=scope, **changes)
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid})


@pytest.fixture(scope="session")
def signing_key() -> RSAPrivateKey:
    """Make one key for all tests, since that is slow."""
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

    return generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def issuer(signing_key: RSAPrivateKey) -> Iterator[Issuer]:
    """Yield an issuer that serves its configuration and keys over HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Serve the configuration or the keys."""
            provider.asked.append(self.path)
            configuration = {"issuer": provider.url, "jwks_uri": f"{provider.url}/keys"}
            document = provider.key_set() if self.path == "/keys" else configuration
            content = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = Issuer(f"http://127.0.0.1:{listener.server_port}", {"first": signing_key})
    with serving(listener):
        yield provider
