"""Requests to DynamoDB, read as what they are: JSON, with the operation in a header.

moto reads each one as a form and as a URL first, and looks for the account of its access key, which
takes longer than most operations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from moto.core.parse import BaseJSONParser, JSONParser
from moto.core.utils import get_service_model
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.responses import DynamoHandler

from tasktracker_ops.local.credentials import ACCOUNT_ID

# moto's own methods: `patches.py` replaces them.
_moto_parse_structure: Any = BaseJSONParser._parse_structure
_moto_parse_condition = ConditionExpressionParser.parse
_KEPT = 100  # conditions
_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([^/]+)/dynamodb/aws4_request")
_CONTENT_TYPE = "application/x-amz-json-1.0"


class _Request(DynamoHandler):
    """A request as moto's operations read it; `call_action` answers it."""

    def __init__(self, target: str, region: str, body: bytes) -> None:
        super().__init__()
        self.region = region
        self.current_account = ACCOUNT_ID
        self.querystring = {}
        self.headers = {"x-amz-target": target, "Content-Type": _CONTENT_TYPE}
        self.response_headers = {}
        operation = get_service_model("dynamodb").operation_model(self._get_action())
        parser: Any = JSONParser(operation)
        self.params = parser.parse({"body": body})


def region_of(environ: Mapping[str, Any]) -> str | None:
    """Return the region of a WSGI request to DynamoDB; None unless it is as its clients send it."""
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    is_plain = (
        environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB_20120810.")
        and environ.get("CONTENT_TYPE") == _CONTENT_TYPE
        and environ["PATH_INFO"] == "/"
        and not environ["QUERY_STRING"]
        and "HTTP_CONTENT_ENCODING" not in environ
    )
    return scope[1] if scope and is_plain else None


def answer(environ: Mapping[str, Any], region: str) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body for a request to a region.

    Raises whatever moto raises where it has no such operation, or fails.
    """
    request = _Request(environ["HTTP_X_AMZ_TARGET"], region, environ["wsgi.input"].read())
    status, headers, body = request.call_action()
    return int(status), headers, body if isinstance(body, bytes) else body.encode()


def parse_structure(parser: Any, shape: Any, value: Any) -> Any:
    """Parse an attribute value of DynamoDB by the one member that it has, not by all ten."""
    if shape.name != "AttributeValue" or not isinstance(value, dict):
        return _moto_parse_structure(parser, shape, value)
    members = shape.members
    return {
        kind: parser._parse_shape(members[kind], content)
        for kind, content in value.items()
        if kind in members and content is not None
    }


def parse_condition(parser: ConditionExpressionParser) -> Any:
    """Parse a condition once if it has no values, such as that an item is new.

    moto parses it twice for each request: to validate it, and to evaluate it.
    """
    expression = parser.condition_expression
    if not expression or ":" in expression:
        return _moto_parse_condition(parser)
    names = tuple((parser.expression_attribute_names or {}).items())
    condition, found = _parse_without_values(expression, names)
    parser.expr_attr_names_found.extend(found)
    return condition


@lru_cache(maxsize=_KEPT)
def _parse_without_values(
    expression: str, names: tuple[tuple[str, str], ...]
) -> tuple[Any, list[str]]:
    parser = ConditionExpressionParser(expression, dict(names), {})
    return _moto_parse_condition(parser), parser.expr_attr_names_found
