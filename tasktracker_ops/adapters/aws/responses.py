"""Whether what answers is AWS: a captive portal, or a wrong endpoint, answers as well.

Content types do not tell: emulators send JSON as `text/html`.
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
_SHOWN = 80


def reject_non_aws_response(
    operation_model: Any, response_dict: MutableMapping[str, Any], **_: Any
) -> None:
    """Raise ResponseParserError unless AWS can have answered so; for botocore's `before-parse`.

    An error of a server's keeps its status alone, which botocore tries again.
    """
    body, status = response_dict["body"], response_dict["status_code"]
    own = _is_own(operation_model, response_dict)
    if status >= 500 and not own:
        response_dict["body"] = b""
    elif not own:
        shown = f": {body[:_SHOWN].decode(errors='replace')}" if isinstance(body, bytes) else ""
        kind = response_dict["headers"].get("content-type", "no content type")
        raise ResponseParserError(f"status {status}, {kind}{shown}")


def _is_own(operation_model: Any, response: MutableMapping[str, Any]) -> bool:
    body, failed = response["body"], response["status_code"] >= 300
    if not isinstance(body, bytes):  # a stream, such as an object of S3's
        return "html" not in response["headers"].get("content-type", "")
    if _HTML.match(body):
        return False
    shape, protocol = operation_model.output_shape, operation_model.service_model.resolved_protocol
    if not body:
        # HEAD has no body, not even for an error.
        return failed or shape is None or protocol in {"rest-xml", "rest-json"}
    if not failed and (shape is None or "payload" in shape.serialization):
        return True
    if protocol not in {"json", "rest-json"}:
        return True  # botocore itself refuses what it cannot read
    try:
        content = json.loads(body)
    except ValueError:
        return False
    named = failed and _CODE_HEADER not in response["headers"]
    return isinstance(content, dict) and not (named and _CODES.isdisjoint(content))
