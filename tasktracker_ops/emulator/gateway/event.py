"""The event that an HTTP API sends to its function, payload format 2.0.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from tasktracker_ops.local.credentials import ACCOUNT_ID

from .call import STAGE, ApiCall
from .routes import Match

_TEXT_TYPES = ("application/json", "application/javascript", "application/xml")
# Cookies, which the event has in a member of their own, are not emulated.
_NOT_PASSED_ON = ("cookie", "connection", "keep-alive", "transfer-encoding", "expect")


def build(call: ApiCall, match: Match, authorizer: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the event; fields that would be empty are left out, as API Gateway does."""
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.route_key,
        "rawPath": call.path,
        "rawQueryString": call.query,
        "headers": _headers(call),
        "queryStringParameters": _query(call.query),
        "requestContext": _context(call, match, authorizer),
        "pathParameters": match.path_parameters,
        **_body(call),
    }
    optional = ("queryStringParameters", "pathParameters")
    return {key: value for key, value in event.items() if value or key not in optional}


def _context(call: ApiCall, match: Match, authorizer: Mapping[str, Any] | None) -> dict[str, Any]:
    context: dict[str, Any] = {
        "accountId": ACCOUNT_ID,
        "apiId": call.api_id,
        "domainName": call.host,
        "domainPrefix": call.api_id,
        "http": {
            "method": call.method,
            "path": call.path,
            "protocol": call.protocol,
            "sourceIp": call.source_ip,
            "userAgent": call.headers.get("user-agent", ""),
        },
        "requestId": call.request_id,
        "routeKey": match.route_key,
        "stage": STAGE,
        "time": call.time,
        "timeEpoch": int(call.at.timestamp() * 1000),
    }
    if authorizer is not None:
        context["authorizer"] = dict(authorizer)
    return context


def _headers(call: ApiCall) -> dict[str, str]:
    headers = {name: value for name, value in call.headers.items() if name not in _NOT_PASSED_ON}
    headers["content-length"] = str(len(call.body))
    headers["x-forwarded-for"] = ", ".join(
        filter(None, [call.headers.get("x-forwarded-for"), call.source_ip])
    )
    headers.setdefault(
        "x-amzn-trace-id", f"Root=1-{int(call.at.timestamp()):08x}-{os.urandom(12).hex()}"
    )
    headers["x-forwarded-proto"] = "http"
    headers["x-forwarded-port"] = call.host.rpartition(":")[2]
    return headers


def _query(query: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values[name] = f"{values[name]},{value}" if name in values else value
    return values


def _body(call: ApiCall) -> dict[str, Any]:
    if not call.body:
        return {"isBase64Encoded": False}
    if _is_text(call.headers):
        try:
            return {"body": call.body.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass
    return {"body": base64.b64encode(call.body).decode(), "isBase64Encoded": True}


def _is_text(headers: Mapping[str, str]) -> bool:
    if "content-encoding" in headers:
        return False
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type.startswith("text/") or media_type in _TEXT_TYPES
