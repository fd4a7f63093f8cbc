"""moto's answers, the same ones in less time: half of a request to DynamoDB is theirs."""

from __future__ import annotations

import re
import secrets
from typing import Any

from botocore.model import StructureShape
from moto.core.serialize import BaseJSONSerializer

# moto's own, however often ours are put around them.
_moto_serialize_structure = BaseJSONSerializer._serialize_type_structure
_REQUEST_ID = re.compile(r"(?<=<RequestId>).*(?=</RequestId>)")


def serialize_structure(
    serializer: BaseJSONSerializer, serialized: Any, value: Any, shape: StructureShape, key: str
) -> None:
    """Serialize an attribute value of DynamoDB by the one member that it has.

    moto looks for all ten of them, and for each under every name that it could have.
    """
    if shape.name != "AttributeValue" or not isinstance(value, dict) or not key:
        _moto_serialize_structure(serializer, serialized, value, shape, key)
        return
    content: dict[str, Any] = {}
    for member in value.keys() & shape.members.keys():
        if value[member] is not None:
            serializer._serialize(content, value[member], shape.members[member], member)
    serializer._default_serialize(serialized, content, shape, key)


def enrich_response(headers: dict[str, Any], body: Any) -> tuple[dict[str, Any], Any]:
    """Add a request id to an answer, in XML to the body as well.

    moto chooses each character by itself, and searches every body for the id.
    """
    if "status" in headers:
        headers["status"] = str(headers["status"])
    headers["x-amzn-requestid"] = request_id = secrets.token_hex(26).upper()
    if isinstance(body, str) and "<RequestId>" in body:
        body = _REQUEST_ID.sub(request_id, body)
    return headers, body
