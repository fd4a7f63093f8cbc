"""Verification of AWS Signature Version 4 on requests to `AWS_IAM` routes.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

from tasktracker_ops.local.credentials import ACCESS_KEY_ID, ACCOUNT_ID, SECRET_ACCESS_KEY

from .call import ApiCall

_ALGORITHM = "AWS4-HMAC-SHA256"
_SERVICE = "execute-api"
_SKEW = timedelta(minutes=5)
_HEADER = re.compile(
    rf"{_ALGORITHM}\s+Credential=(?P<credential>[^,\s]+),\s*"
    r"SignedHeaders=(?P<signed>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)


class Forbidden(Exception):
    """The request has no valid signature; the message is the reason."""


def verify(call: ApiCall, region: str) -> dict[str, Any]:
    """Return the caller as `requestContext.authorizer.iam` describes it.

    Signatures in the query string are not accepted. The emulator's own
    key is the only one. Raises Forbidden.
    """
    parsed = _HEADER.fullmatch(call.headers.get("authorization", "").strip())
    if parsed is None:
        raise Forbidden("no Signature Version 4 in the Authorization header")
    key_id, _, scope = parsed["credential"].partition("/")
    stamp = call.headers.get("x-amz-date", "")
    _check_date(stamp, call.at)
    if scope != f"{stamp[:8]}/{region}/{_SERVICE}/aws4_request":
        raise Forbidden(f"credential scope {scope!r}")
    if key_id != ACCESS_KEY_ID:
        raise Forbidden(f"unknown access key {key_id!r}")
    signed = parsed["signed"].split(";")
    _check_signed_headers(call, signed)
    to_sign = "\n".join([_ALGORITHM, stamp, scope, _sha256(_canonical(call, signed).encode())])
    expected = hmac.new(_signing_key(SECRET_ACCESS_KEY, scope), to_sign.encode(), hashlib.sha256)
    if not hmac.compare_digest(expected.hexdigest(), parsed["signature"]):
        raise Forbidden("the signature does not match")
    return {
        "accessKey": key_id,
        "accountId": ACCOUNT_ID,
        "callerId": ACCOUNT_ID,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": f"arn:aws:iam::{ACCOUNT_ID}:root",
        "userId": ACCOUNT_ID,
    }


def _check_date(stamp: str, now: datetime) -> None:
    try:
        at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise Forbidden(f"x-amz-date {stamp!r}") from error
    if abs(now - at) > _SKEW:
        raise Forbidden(f"signed at {stamp}, more than five minutes away from now")


def _check_signed_headers(call: ApiCall, signed: list[str]) -> None:
    if signed != sorted(signed) or "host" not in signed:
        raise Forbidden("the signed headers are unsorted or lack host")
    unsigned = [name for name in call.headers if name.startswith("x-amz-") and name not in signed]
    if unsigned:
        raise Forbidden(f"headers not signed: {', '.join(unsigned)}")
    claimed = call.headers.get("x-amz-content-sha256")
    if claimed not in (None, _sha256(call.body)):
        raise Forbidden("x-amz-content-sha256 is not the hash of the body")


def _canonical(call: ApiCall, signed: list[str]) -> str:
    headers = "".join(f"{name}:{' '.join(call.headers.get(name, '').split())}\n" for name in signed)
    path = quote(call.sent_path, safe="/-_.~")
    return "\n".join(
        [call.method, path, _canonical_query(call.query), headers, ";".join(signed),
         _sha256(call.body)]
    )  # fmt: skip


def _canonical_query(query: str) -> str:
    pairs = []
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        pairs.append((quote(unquote(name), safe="-_.~"), quote(unquote(value), safe="-_.~")))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _signing_key(secret: str, scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
