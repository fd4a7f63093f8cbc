"""The HTTP response in a function's answer, payload format 2.0.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

# The server writes these itself.
_DROPPED = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token of RFC 9110, section 5.6.2
_VALUE = re.compile(r"[ -\xff]*")


@dataclass(frozen=True)
class HttpAnswer:
    """A complete HTTP response; header names may repeat."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class MalformedAnswer(ValueError):
    """The function's answer is not an HTTP response; the client gets a 500."""


def message(status: int, text: str) -> HttpAnswer:
    """Return one of the gateway's own answers, `{"message": …}`."""
    body = json.dumps({"message": text}, separators=(",", ":")).encode()
    return HttpAnswer(status, (("content-type", "application/json"),), body)


def interpret(payload: bytes) -> HttpAnswer:
    """Return the HTTP response that the function's JSON describes. Raises MalformedAnswer."""
    try:
        answer = json.loads(payload)
    except ValueError as error:
        raise MalformedAnswer("not JSON") from error
    if not isinstance(answer, dict) or "statusCode" not in answer:
        raise MalformedAnswer("no statusCode")
    headers = _headers(answer.get("headers"))
    body = _body(answer)
    if body and not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain; charset=utf-8"))
    return HttpAnswer(_status(answer["statusCode"]), tuple(headers), body)


def _status(value: Any) -> int:
    try:
        status = int(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise MalformedAnswer(f"statusCode {value!r}") from error
    if isinstance(value, bool) or not 200 <= status <= 599:
        raise MalformedAnswer(f"statusCode {value!r}")
    return status


def _headers(value: Any) -> list[tuple[str, str]]:
    if value is None:
        return []
    if not isinstance(value, dict):
        raise MalformedAnswer("headers are not an object")
    for name in value:
        if not _NAME.fullmatch(name):
            raise MalformedAnswer(f"header name {name!r}")
    pairs = [(name.lower(), _field(each)) for name, each in value.items()]
    return [(name, each) for name, each in pairs if name not in _DROPPED]


def _field(value: Any) -> str:
    if isinstance(value, bool):
        value = str(value).lower()
    if not isinstance(value, str | int | float):
        raise MalformedAnswer(f"header value {value!r}")
    text = str(value)
    if not _VALUE.fullmatch(text):
        raise MalformedAnswer(f"header value {value!r}")
    return text


def _body(answer: dict[str, Any]) -> bytes:
    body = answer.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise MalformedAnswer("body is not a string")
    if answer.get("isBase64Encoded"):
        raise MalformedAnswer("a body in base64 is not emulated")
    return body.encode("utf-8", "surrogatepass")
