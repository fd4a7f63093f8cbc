"""JWT routes admit tokens of their issuer, and nothing that only looks like one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

ROUTES = ("GET /{proxy+} for tasks:read", "PUT /{proxy+} for tasks:write admin", "$default")
UNAUTHORIZED = (401, {"message": "Unauthorized"})
FORBIDDEN = (403, {"message": "Forbidden"})
OTHER_KEY = rsa.generate_private_key(65537, 2048)
Forge = Callable[[Any], str | bytes]


@pytest.fixture(scope="module")
def api(aws: Any, function: Any, issuer: Any) -> Any:
    """An API whose routes require a token of the issuer, for one of two audiences."""
    return aws.api(
        function,
        *ROUTES,
        auth="JWT",
        authorizer={"Issuer": issuer.url, "Audience": ["tasks", "other"]},
    )


def ask(api: Any, token: str | bytes, method: str = "GET") -> tuple[int, Any]:
    """Return status and body of a request with that token."""
    prefix = b"Bearer " if isinstance(token, bytes) else "Bearer "
    answer = api.call("/tasks", method, headers={"Authorization": prefix + token})
    return answer.status_code, answer.json()


def forged(header: dict[str, Any], claims: Any, sign: Callable[[bytes], bytes]) -> str:
    """Put a token together by hand."""
    parts = [json.dumps(part).encode() for part in (header, claims)]
    signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    return (signed + b"." + base64.urlsafe_b64encode(sign(signed)).rstrip(b"=")).decode()


def public_pem(issuer: Any) -> bytes:
    """Return the issuer's public key, which everybody has."""
    return (
        issuer.keys["first"]
        .public_key()
        .public_bytes(  # type: ignore[no-any-return]
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )


def hmac_with(secret: bytes) -> Callable[[bytes], bytes]:
    """Sign as HS256 does."""
    return lambda signed: hmac.new(secret, signed, hashlib.sha256).digest()


def resigned(issuer: Any, key: Any, algorithm: str = "RS256", **header: Any) -> str:
    """Return good claims under another signature."""
    headers = {"kid": "first", **header}
    return jwt.encode(issuer.claims(scope="tasks:read"), key, algorithm, headers=headers)


def good(issuer: Any, **changes: Any) -> str:
    """Return a token that may read, apart from the changes."""
    return str(issuer.token(**{"scope": "tasks:read", **changes}))


def tampered(issuer: Any) -> str:
    """Return a token whose claims were changed after it was signed."""
    header, _, signature = good(issuer).split(".")
    claims = json.dumps(issuer.claims(scope="tasks:write")).encode()
    return f"{header}.{base64.urlsafe_b64encode(claims).rstrip(b'=').decode()}.{signature}"


NOW = int(time.time())  # of the import; a suite may take longer than any margin ahead of it
HOSTILE: dict[str, Forge] = {
    "no token at all": lambda issuer: "",
    "not a token": lambda issuer: "abc",
    "two parts": lambda issuer: good(issuer).rpartition(".")[0],
    "four parts": lambda issuer: good(issuer) + ".x",
    "no signature": lambda issuer: good(issuer).rpartition(".")[0] + ".",
    "not base64": lambda issuer: "%%%.%%%.%%%",
    "not ASCII": lambda issuer: "é.é.é".encode("latin-1"),
    "two tokens": lambda issuer: f"{good(issuer)},Bearer {good(issuer)}",
    "another scheme": lambda issuer: f"Basic {good(issuer)}",
    "huge": lambda issuer: good(issuer, padding="x" * 12_000),
    "deeply nested header": lambda issuer: (
        base64.urlsafe_b64encode(b'{"kid":' + b"[" * 6_000).decode().rstrip("=") + ".e30.e30"
    ),
    "claims are a list": lambda issuer: jwt.api_jws.encode(
        b"[]", issuer.keys["first"], "RS256", headers={"kid": "first"}
    ),
    "alg none": lambda issuer: forged(
        {"alg": "none", "kid": "first"}, issuer.claims(scope="tasks:read"), lambda _: b""
    ),
    "alg None": lambda issuer: forged(
        {"alg": "None", "kid": "first"}, issuer.claims(scope="tasks:read"), lambda _: b""
    ),
    "alg is a list": lambda issuer: forged(
        {"alg": ["RS256"], "kid": "first"}, issuer.claims(), lambda _: b""
    ),
    "HS256 with the public key": lambda issuer: forged(
        {"alg": "HS256", "kid": "first"},
        issuer.claims(scope="tasks:read"),
        hmac_with(public_pem(issuer)),
    ),
    "RS256 in the header, HMAC as the signature": lambda issuer: forged(
        {"alg": "RS256", "kid": "first"},
        issuer.claims(scope="tasks:read"),
        hmac_with(public_pem(issuer)),
    ),
    "ES256": lambda issuer: resigned(issuer, ec.generate_private_key(ec.SECP256R1()), "ES256"),
    "PS256": lambda issuer: resigned(issuer, issuer.keys["first"], "PS256"),
    "somebody else's key": lambda issuer: resigned(issuer, OTHER_KEY),
    "a key in the token itself": lambda issuer: resigned(
        issuer,
        OTHER_KEY,
        jwk=json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(OTHER_KEY.public_key())),
        jku="http://127.0.0.1:9/keys",
    ),
    "unknown kid": lambda issuer: resigned(issuer, issuer.keys["first"], kid="second"),
    "kid is a path": lambda issuer: resigned(issuer, OTHER_KEY, kid="../../dev/null"),
    "no kid": lambda issuer: jwt.encode(issuer.claims(), issuer.keys["first"], "RS256"),
    "critical extension": lambda issuer: resigned(issuer, issuer.keys["first"], crit=["b64x"]),
    "changed claims": tampered,
    "expired": lambda issuer: good(issuer, exp=NOW - 5),
    "no exp": lambda issuer: good(issuer, exp=None),
    "exp is no number": lambda issuer: good(issuer, exp="tomorrow"),
    "exp is endless": lambda issuer: good(issuer, exp=float("inf")),
    "not yet valid": lambda issuer: good(issuer, nbf=time.time() + 600),
    "issued in the future": lambda issuer: good(issuer, iat=time.time() + 600),
    "wrong issuer": lambda issuer: good(issuer, iss="https://evil.example"),
    "issuer with a slash more": lambda issuer: good(issuer, iss=issuer.url + "/"),
    "no issuer": lambda issuer: good(issuer, iss=None),
    "wrong audience": lambda issuer: good(issuer, aud="elsewhere"),
    "no audience": lambda issuer: good(issuer, aud=None),
    "part of an audience": lambda issuer: good(issuer, aud="task"),
    "audience is an object": lambda issuer: good(issuer, aud={"tasks": 1}),
    "aud wrong, client_id right": lambda issuer: good(issuer, aud="x", client_id="tasks"),
}


@pytest.mark.parametrize("forge", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_tokens_are_unauthorized(api: Any, issuer: Any, forge: Forge) -> None:
    """Each gets the gateway's 401, and the function is not invoked."""
    assert ask(api, forge(issuer)) == UNAUTHORIZED


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aud": ["elsewhere", "other"]},
        {"aud": None, "client_id": "tasks"},
        {"scope": "openid tasks:read"},
        {"scope": None, "scp": ["tasks:read"]},
        {"scope": None, "scp": "tasks:read"},
        {"nbf": NOW - 5},
        {"iat": None},
    ],
)
def test_valid_tokens_are_accepted(api: Any, issuer: Any, changes: dict[str, Any]) -> None:
    """Audience and scopes may be in either of their claims."""
    assert ask(api, good(issuer, **changes))[0] == 200


@pytest.mark.parametrize("algorithm", ["RS384", "RS512"])
def test_every_rsa_algorithm_is_accepted(api: Any, issuer: Any, algorithm: str) -> None:
    """API Gateway supports those based on RSA."""
    assert ask(api, resigned(issuer, issuer.keys["first"], algorithm))[0] == 200


def test_the_scheme_may_be_left_out(api: Any, issuer: Any) -> None:
    """The header holds the token alone, or behind `Bearer`."""
    assert api.call("/tasks", headers={"Authorization": good(issuer)}).status_code == 200


@pytest.mark.parametrize(
    ("scope", "method", "status"),
    [
        ("tasks:read", "GET", 200),
        ("tasks:read", "PUT", 403),
        ("tasks:write", "GET", 403),
        ("tasks:write", "PUT", 200),
        ("admin", "PUT", 200),
        ("tasks:reader", "GET", 403),
        ("", "GET", 403),
        (None, "GET", 403),
        (None, "DELETE", 200),
    ],
)
def test_one_of_the_routes_scopes_is_needed(
    api: Any, issuer: Any, scope: str | None, method: str, status: int
) -> None:
    """A route without scopes, here `$default`, takes any token."""
    answer = ask(api, issuer.token(scope), method)
    assert answer[0] == status
    assert status == 200 or answer == FORBIDDEN


def test_the_function_receives_claims_and_scopes(api: Any, issuer: Any) -> None:
    """Claims as text, and those scopes that the route requires."""
    token = good(issuer, groups=["a", "b"], admin=True, exp=4102444800)
    context = ask(api, token)[1]["requestContext"]
    assert context["authorizer"]["jwt"]["scopes"] == ["tasks:read"]
    claims = context["authorizer"]["jwt"]["claims"]
    assert (claims["sub"], claims["exp"]) == ("someone", "4102444800")
    assert (claims["groups"], claims["admin"]) == ("[a b]", "true")
    context = ask(api, token, "DELETE")[1]["requestContext"]
    assert context["authorizer"]["jwt"]["scopes"] is None


@pytest.mark.parametrize(
    ("forge", "challenge"),
    [
        (lambda issuer: "", "Bearer"),
        (lambda issuer: "x", 'Bearer scope="" error="invalid_token" error_description="'),
        (HOSTILE["wrong audience"], 'error_description="the token does not have a valid audience"'),
        (HOSTILE["expired"], 'error_description="the token has expired"'),
    ],
)
def test_a_challenge_has_the_reason(api: Any, issuer: Any, forge: Forge, challenge: str) -> None:
    """It is in the WWW-Authenticate header and never quotes the token."""
    token = forge(issuer)
    answer = api.call("/tasks", headers={"Authorization": f"Bearer {token!s}"} if token else {})
    assert challenge in answer.headers["www-authenticate"]
    assert not token or str(token) not in answer.headers["www-authenticate"].split('"')


def test_a_rotated_key_is_accepted(api: Any, issuer: Any) -> None:
    """An unknown key id makes the gateway fetch the keys again."""
    assert ask(api, good(issuer))[0] == 200
    old = dict(issuer.keys)
    before = good(issuer)
    time.sleep(1.1)
    issuer.keys.clear()
    issuer.keys["rotated"] = OTHER_KEY
    try:
        assert ask(api, good(issuer))[0] == 200
        assert ask(api, before) == UNAUTHORIZED
    finally:
        issuer.keys.clear()
        issuer.keys.update(old)
    time.sleep(1.1)
    assert ask(api, good(issuer))[0] == 200


def test_invented_keys_do_not_flood_the_issuer(api: Any, issuer: Any) -> None:
    """At most one request a second, and none for a cached key."""
    ask(api, good(issuer))
    issuer.asked.clear()
    began = time.monotonic()
    for number in range(40):
        ask(api, resigned(issuer, OTHER_KEY, kid=str(number)))
        assert ask(api, good(issuer))[0] == 200
    assert len(issuer.asked) <= 2 * (1 + int(time.monotonic() - began + 1))


@pytest.mark.parametrize(
    "issuer_url", ["http://127.0.0.1:9", "http://192.0.2.1", "file:///etc", "http://[x", ""]
)
def test_tokens_of_an_unreachable_issuer_are_refused(
    aws: Any, function: Any, issuer: Any, issuer_url: str
) -> None:
    """No plain HTTP request goes to another machine."""
    api = aws.api(function, auth="JWT", authorizer={"Issuer": issuer_url, "Audience": ["tasks"]})
    began = time.monotonic()
    assert ask(api, issuer.token(iss=issuer_url)) == UNAUTHORIZED
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, "{}"),
        (302, "{}"),
        (200, "<html>"),
        (200, "[]"),
        (200, "{}"),
        (200, '{"jwks_uri": 1}'),
        (200, '{"jwks_uri": "http://192.0.2.1/keys"}'),
        (200, "[" * 100_000),
        (200, " " * 300_000),
    ],
)
def test_tokens_of_an_issuer_with_invalid_answers_are_refused(
    aws: Any, function: Any, issuer: Any, server: Any, status: int, body: str
) -> None:
    """The gateway answers 401 to every one."""
    server.will_answer(status, body, location="http://192.0.2.1/")
    api = aws.api(function, auth="JWT", authorizer={"Issuer": server.url, "Audience": ["tasks"]})
    assert ask(api, issuer.token(iss=server.url)) == UNAUTHORIZED


def test_the_access_log_has_the_reason(aws: Any, function: Any, issuer: Any) -> None:
    """It is in the variable for errors of authorizers."""
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/api/tokens")
    arn = "arn:aws:logs:eu-west-3:123456789012:log-group:/api/tokens"
    line = "$context.status $context.authorizer.error"
    api = aws.api(
        function,
        auth="JWT",
        authorizer={"Issuer": issuer.url, "Audience": ["tasks"]},
        stage={"AccessLogSettings": {"DestinationArn": arn, "Format": line}},
    )
    ask(api, good(issuer))
    ask(api, good(issuer, aud="elsewhere"))
    events = logs.filter_log_events(logGroupName="/api/tokens")["events"]
    assert [event["message"] for event in events] == [
        "200 -",
        "401 audience 'elsewhere'",
    ]
