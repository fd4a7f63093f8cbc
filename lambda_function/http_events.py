"""HTTP API events and responses of API Gateway, payload format 2.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn, TypedDict

from problems import BodyTooLarge, MalformedBody, Problem, UnsupportedEvent, UnsupportedMediaType

MAX_BODY_BYTES = 64 * 1024  # the longest valid task, with every character escaped, takes 51 KB


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type that a route accepts as a body."""

    name: str
    pattern: re.Pattern[str]
    hint: Mapping[str, str]  # headers of the 415 response that name it


JSON = MediaType("application/json", re.compile(r"(?:application/(?:[\w.-]+\+)?json)?", re.A), {})
MERGE_PATCH = MediaType(
    "application/merge-patch+json",
    re.compile(r"application/merge-patch\+json"),
    {"Accept-Patch": "application/merge-patch+json"},  # RFC 5789, section 3.1
)


_IDENTITY_ONLY = {"Accept-Encoding": "identity"}  # RFC 9110, section 12.5.3


class NotAnHttpEvent(Exception):
    """The function was invoked by something other than an HTTP API: a queue, a bucket, a timer.

    The source then retries or keeps the event, and the error alarm fires.
    """


class Response(TypedDict):
    """A response to API Gateway."""

    statusCode: int
    headers: dict[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request; header names are in lower case, ``path`` is without the stage.

    ``deadline`` is the time of ``time.monotonic`` at which the function is stopped.
    """

    method: str
    path: str
    route_key: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    content: str
    is_base64: bool
    deadline: float

    def json(self, accepted: MediaType) -> object:
        """Return the parsed body; every number is a float.

        Raise ``BodyTooLarge``, ``UnsupportedMediaType`` or ``MalformedBody``.
        """
        longest = (MAX_BODY_BYTES + 2) // 3 * 4 if self.is_base64 else MAX_BODY_BYTES
        if len(self.content) > longest:
            raise BodyTooLarge(f"The body may have at most {MAX_BODY_BYTES} bytes.")
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not accepted.pattern.fullmatch(media_type):
            raise UnsupportedMediaType(f"Send the body as {accepted.name}.", headers=accepted.hint)
        if self.headers.get("content-encoding", "").strip().lower() not in ("", "identity"):
            raise UnsupportedMediaType(
                "Send the body without a Content-Encoding.", headers=_IDENTITY_ONLY
            )
        try:
            body = self.content.encode()
            if self.is_base64:
                body = base64.b64decode(body, validate=True)
        except ValueError as error:
            raise MalformedBody("The body is neither base64 nor UTF-8 text.") from error
        if len(body) > MAX_BODY_BYTES:
            raise BodyTooLarge(f"The body has {len(body)} bytes, more than {MAX_BODY_BYTES}.")
        try:
            # As floats, since int() refuses more than 4,300 digits and no field is a number.
            return json.loads(body.decode(), parse_int=float, parse_constant=_reject_constant)
        except (ValueError, RecursionError) as error:
            raise MalformedBody("The body must be one JSON value in UTF-8.") from error


def parse(event: object, deadline: float) -> Request:
    """Return the request in an event of payload format 2.0.

    Raise ``UnsupportedEvent`` for an HTTP request in another format, ``NotAnHttpEvent`` for
    everything else.
    """
    match event:
        case {
            "rawPath": str(path),
            "requestContext": {"http": {"method": str(method)}, **context},
            **rest,
        }:
            content, route_key = rest.get("body"), rest.get("routeKey")
            return Request(
                method=method,
                path=_without_stage(path, context.get("stage")),
                route_key=route_key if isinstance(route_key, str) else "$default",
                headers={name.lower(): value for name, value in _strings(rest.get("headers"))},
                query=dict(_strings(rest.get("queryStringParameters"))),
                content=content if isinstance(content, str) else "",
                is_base64=rest.get("isBase64Encoded") is True,
                deadline=deadline,
            )
        case {"httpMethod": str()}:  # REST APIs, load balancers, payload format 1.0
            raise UnsupportedEvent("The event must be an HTTP API event of payload format 2.0.")
    raise NotAnHttpEvent("The event must be an HTTP API event of payload format 2.0.")


def response(status: int, document: object = None, **headers: str) -> Response:
    """Return a response with ``document`` as its JSON body, or without a body."""
    if document is None:
        return Response(statusCode=status, headers=headers, body="")
    return json_response(status, json.dumps(document, ensure_ascii=False), **headers)


def json_response(status: int, text: str, **headers: str) -> Response:
    """Return a response with a body that is JSON already."""
    return Response(
        statusCode=status, headers={"Content-Type": "application/json", **headers}, body=text
    )


def problem_response(problem: Problem) -> Response:
    """Return the response for a problem (RFC 9457)."""
    headers = {"Content-Type": "application/problem+json", **problem.headers}
    return response(problem.status, problem.document(), **headers)


def _strings(value: object) -> list[tuple[str, str]]:
    pairs = value.items() if isinstance(value, dict) else ()
    return [(name, text) for name, text in pairs if isinstance(name, str) and isinstance(text, str)]


def _without_stage(path: str, stage: object) -> str:
    # Every stage but $default is part of the path that API Gateway passes on.
    named = isinstance(stage, str) and stage != "$default" and path.startswith(f"/{stage}/")
    return path.removeprefix(f"/{stage}") if named else path


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
