"""CORS headers of an HTTP API that has a CORS configuration.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
"""

from __future__ import annotations

from typing import Any

from .answer import HttpAnswer
from .call import ApiCall

Configuration = dict[str, Any]
"""`corsConfiguration` as CreateApi takes it."""


def is_preflight(call: ApiCall) -> bool:
    """Return whether a browser asks for permission before its request."""
    return (
        call.method == "OPTIONS"
        and "origin" in call.headers
        and "access-control-request-method" in call.headers
    )


def preflight(configuration: Configuration, call: ApiCall, answer: HttpAnswer) -> HttpAnswer:
    """Add the CORS headers to the answer to a preflight, if its origin is allowed."""
    allowed = _origin_headers(configuration, call)
    if allowed:
        for name, key in (("methods", "allowMethods"), ("headers", "allowHeaders")):
            if configuration.get(key):
                allowed.append((f"access-control-allow-{name}", ",".join(configuration[key])))
        if configuration.get("maxAge"):
            allowed.append(("access-control-max-age", str(configuration["maxAge"])))
    return _with(answer, allowed)


def decorate(configuration: Configuration, call: ApiCall, answer: HttpAnswer) -> HttpAnswer:
    """Replace the function's CORS headers by the configured ones."""
    allowed = _origin_headers(configuration, call)
    if configuration.get("exposeHeaders"):
        exposed = ",".join(configuration["exposeHeaders"])
        allowed.append(("access-control-expose-headers", exposed))
    return _with(answer, allowed)


def _with(answer: HttpAnswer, allowed: list[tuple[str, str]]) -> HttpAnswer:
    own = [pair for pair in answer.headers if not pair[0].startswith("access-control-")]
    return HttpAnswer(answer.status, (*own, *allowed), answer.body)


def _origin_headers(configuration: Configuration, call: ApiCall) -> list[tuple[str, str]]:
    origin = call.headers.get("origin")
    allowed = configuration.get("allowOrigins") or []
    if origin is None or not {"*", origin} & set(allowed):
        return []
    return [("access-control-allow-origin", "*" if "*" in allowed else origin)]
