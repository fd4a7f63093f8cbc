"""Detecting responses that are not from AWS, but from a captive portal or a wrong endpoint.

The content type is no evidence: emulators send JSON as `text/html`.
"""

from __future__ import annotations

import json
import re
from collections.abc import MutableMapping
from typing import Any

from botocore.parsers import ResponseParserError

_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+)?html\b", re.I | re.S
)
_CODE_HEADER = "x-amzn-errortype"
_CODES = {"__type", "code", "Code"}
_EXCERPT = 80  # bytes


def reject_non_aws_response(
    operation_model: Any, response_dict: MutableMapping[str, Any], **_: Any
) -> None:
    """Raise ResponseParserError unless AWS can have sent the response; for `before-parse`.

    A server error keeps only its status, so that botocore tries again.
    """
    body, status = response_dict["body"], response_dict["status_code"]
    if _is_aws(operation_model, response_dict):
        return
    if status >= 500:
        response_dict["body"] = b""
        return
    excerpt = f": {body[:_EXCERPT].decode(errors='replace')}" if isinstance(body, bytes) else ""
    content_type = response_dict["headers"].get("content-type", "no content type")
    raise ResponseParserError(f"status {status}, {content_type}{excerpt}")


def _is_aws(operation_model: Any, response: MutableMapping[str, Any]) -> bool:
    body, failed = response["body"], response["status_code"] >= 300
    if not isinstance(body, bytes):  # a stream, such as an S3 object
        return "html" not in response["headers"].get("content-type", "")
    if _HTML.match(body):
        return False
    shape, protocol = operation_model.output_shape, operation_model.service_model.resolved_protocol
    if not body:
        # HEAD has no body, even for an error.
        return failed or shape is None or protocol in {"rest-xml", "rest-json"}
    if not failed and (shape is None or "payload" in shape.serialization):
        return True
    if protocol not in {"json", "rest-json"}:
        return True  # botocore itself rejects invalid XML
    try:
        content = json.loads(body)
    except ValueError:
        return False
    if not isinstance(content, dict):
        return False
    # An error has a code, in a header or in the body.
    return not failed or _CODE_HEADER in response["headers"] or not _CODES.isdisjoint(content)
