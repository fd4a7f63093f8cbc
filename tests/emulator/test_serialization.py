"""Answers are serialized as moto does it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.core.serialize import BaseJSONSerializer, JSONSerializer, XFormedAttributePicker
from moto.core.utils import get_service_model

from tasktracker_ops.emulator import serialization

METHODS = {
    "_serialize_type_structure": serialization.serialize_structure,
    "_serialize_type_map": serialization.serialize_map,
}
MOTO = {
    "_serialize_type_structure": serialization._moto_serialize_structure,
    "_serialize_type_map": serialization._moto_serialize_map,
}
ATTRIBUTES: dict[str, Any] = {
    "text": {"S": "é"},
    "empty": {"S": ""},
    "number": {"N": "1.50"},
    "bytes": {"B": b"\x00\xff"},
    "flag": {"BOOL": False},
    "nothing": {"NULL": True},
    "texts": {"SS": ["b", "a"]},
    "numbers": {"NS": ["1", "2"]},
    "blobs": {"BS": [b"\x01"]},
    "list": {"L": [{"S": "x"}, {"M": {"S": {"N": "1"}}}, {"L": []}]},
    "map": {"M": {"M": {"M": {}}, "B": {"BOOL": True}}},
}


@pytest.mark.parametrize(
    ("operation", "result"),
    [
        ("GetItem", {"Item": ATTRIBUTES}),
        ("Query", {"Items": [ATTRIBUTES, {}], "Count": 2, "LastEvaluatedKey": {"id": {"S": "1"}}}),
        ("BatchGetItem", {"Responses": {"Things": [ATTRIBUTES]}, "UnprocessedKeys": {}}),
        ("UpdateItem", {"Attributes": {"version": {"N": 2}}}),
        ("UpdateItem", {"attributes": {"unknown": {"X": 1}}, "ConsumedCapacity": None}),
        ("DescribeTable", {"Table": {"TableName": "Things", "TableStatus": "ACTIVE", "x": 1}}),
        ("DescribeTable", {"Table": {"CreationDateTime": 1.5, "ItemCount": 0, "Replicas": []}}),
    ],
)
def test_attribute_values(
    operation: str, result: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attributes of every type are the same, alone and within others."""
    answers = []
    for methods in (MOTO, METHODS):
        for name, method in methods.items():
            monkeypatch.setattr(BaseJSONSerializer, name, method)
        serializer = JSONSerializer(
            get_service_model("dynamodb").operation_model(operation),
            value_picker=XFormedAttributePicker(),
        )
        answers.append(json.loads(serializer.serialize(result)["body"]))
    assert answers[0] == answers[1]
