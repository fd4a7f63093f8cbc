"""Serialize moto's answers in less time: moto needs half of a request to DynamoDB for it."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from moto.core.serialize import BaseJSONSerializer

# moto's own methods: `patches.py` replaces them.
_moto_serialize_structure = BaseJSONSerializer._serialize_type_structure
_moto_serialize_map = BaseJSONSerializer._serialize_type_map
_REQUEST_ID = re.compile(r"(?<=<RequestId>).*(?=</RequestId>)")


def serialize_structure(
    serializer: BaseJSONSerializer, serialized: Any, value: Any, shape: Any, key: str
) -> None:
    """Serialize a dictionary by the members that it has, where it has nothing else.

    moto looks for all of them, and for each under every name that it could have.
    """
    if not isinstance(value, dict) or not _has_members_only(serializer, value, shape):
        _moto_serialize_structure(serializer, serialized, value, shape, key)
        return
    if shape.name == "AttributeValue" and key:
        content = _attribute_value(value)
    else:
        content = {} if key else serialized
        for name, member in shape.members.items():
            if value.get(name) is not None:
                serializer._serialize(content, value[name], member, name)
    if key:
        serializer._default_serialize(serialized, content, shape, key)


def _has_members_only(serializer: BaseJSONSerializer, value: dict[str, Any], shape: Any) -> bool:
    return (
        value.keys() <= shape.members.keys()
        and not shape.is_document_type
        and not getattr(serializer._value_picker, "response_transformers", None)
    )


def serialize_map(
    serializer: BaseJSONSerializer, serialized: Any, value: Any, shape: Any, key: str
) -> None:
    """Serialize the attributes of an item of DynamoDB at once."""
    if shape.value.name == "AttributeValue":
        serializer._default_serialize(serialized, _attribute_values(value), shape, key)
    else:
        _moto_serialize_map(serializer, serialized, value, shape, key)


def _attribute_values(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _attribute_value(value) for name, value in values.items()}


def _attribute_value(value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        kind: _CONTENTS[kind](content)
        for kind, content in value.items()
        if kind in _CONTENTS and content is not None
    }


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


# What JSON has for each kind of attribute value.
_CONTENTS: dict[str, Callable[[Any], Any]] = {
    "S": str,
    "N": str,
    "B": _base64,
    "BOOL": bool,
    "NULL": bool,
    "SS": lambda texts: [str(text) for text in texts],
    "NS": lambda numbers: [str(number) for number in numbers],
    "BS": lambda contents: [_base64(content) for content in contents],
    "L": lambda values: [_attribute_value(value) for value in values],
    "M": _attribute_values,
}


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
