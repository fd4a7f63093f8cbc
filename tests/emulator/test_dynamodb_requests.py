"""Requests to DynamoDB are read as moto reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.core.parse import BaseJSONParser, JSONParser
from moto.core.utils import get_service_model
from moto.dynamodb.comparisons import ConditionExpressionParser

from tasktracker_ops.emulator import dynamodb_requests

_moto_parse_structure = dynamodb_requests._moto_parse_structure
_moto_parse_condition = dynamodb_requests._moto_parse_condition
ITEM: dict[str, Any] = {
    "text": {"S": "é"},
    "empty": {"S": ""},
    "bytes": {"B": "AP8="},
    "blobs": {"BS": ["AQ=="]},
    "flag": {"BOOL": False},
    "nothing": {"NULL": True},
    "numbers": {"NS": ["1", "2"]},
    "list": {"L": [{"S": "x"}, {"M": {"S": {"N": "1"}}}, {"L": []}]},
    "unknown": {"X": "1"},
    "missing": {"S": None},
}


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("PutItem", {"TableName": "Things", "Item": ITEM, "Unknown": 1}),
        ("Query", {"ExpressionAttributeValues": {":a": {"B": "AP8="}}, "Limit": "5"}),
        ("TransactWriteItems", {"TransactItems": [{"Put": {"Item": ITEM}}]}),
    ],
)
def test_attribute_values(
    operation: str, arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attributes of every type are the same, alone and within others."""
    read = []
    for function in (_moto_parse_structure, dynamodb_requests.parse_structure):
        monkeypatch.setattr(BaseJSONParser, "_parse_structure", function)
        parser: Any = JSONParser(get_service_model("dynamodb").operation_model(operation))
        read.append(parser.parse({"body": json.dumps(arguments).encode()}))
    assert read[0] == read[1]


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("attribute_not_exists(id)", None),
        ("attribute_exists(#id) AND NOT attribute_exists(#id.#b)", {"#id": "id", "#b": "b"}),
        ("attribute_exists(#id) AND NOT attribute_exists(#id.#b)", {"#id": "id", "#b": "c"}),
        ("size(a) > :n", {}),
        (None, None),
    ],
)
def test_conditions(condition: str | None, names: dict[str, str] | None) -> None:
    """A condition is the same each time, with the names of this time."""
    parsed = []
    for parse in (_moto_parse_condition, *[dynamodb_requests.parse_condition] * 2):
        parser = ConditionExpressionParser(condition, names, {":n": {"N": "1"}})
        parsed.append((repr(parse(parser)), parser.expr_attr_names_found))
    assert parsed[0] == parsed[1] == parsed[2]


def test_a_text_that_looks_like_a_form(in_process_aws: Any) -> None:
    """It is a text; moto takes an operation out of it."""
    client = in_process_aws.client("dynamodb")
    client.create_table(
        TableName="Forms",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    item = {"id": {"S": "one"}, "title": {"S": "a&Action=DeleteTable&b=c"}}
    client.put_item(TableName="Forms", Item=item)
    found = client.get_item(TableName="Forms", Key={"id": {"S": "one"}})["Item"]
    client.delete_table(TableName="Forms")
    assert found == item
