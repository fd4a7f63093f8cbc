"""Writes in the emulated DynamoDB: whole or not at all, at a cost that does not grow."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.backends import get_backend

from tasktracker_ops.local.credentials import ACCOUNT_ID

from .aws import INDEXED

REGION = "eu-west-3"


def _text(**fields: str) -> dict[str, dict[str, str]]:
    return {name: {"S": value} for name, value in fields.items()}


@pytest.fixture(params=["id", "id and place"])
def table(request: pytest.FixtureRequest, aws: Any) -> Any:
    """A table with two items, its client and the rest of their keys."""
    client = aws.client("dynamodb")
    keys = {"id": "HASH", **({"place": "RANGE"} if "place" in request.param else {})}
    client.create_table(
        TableName="Things",
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    rest = {"place": "here"} if "place" in keys else {}
    for name in ("one", "two"):
        client.put_item(TableName="Things", Item=_text(id=name, value="old", **rest))
    yield client, rest
    client.delete_table(TableName="Things")


def test_a_transaction_that_fails_leaves_everything_as_it_was(table: Any) -> None:
    """What was changed, put and deleted before the condition that does not hold is taken back."""
    client, rest = table
    things = {"TableName": "Things"}
    before = client.scan(**things)["Items"]
    update = {
        **things,
        "Key": _text(id="one", **rest),
        "UpdateExpression": "SET #v = :new",
        "ExpressionAttributeNames": {"#v": "value"},
        "ExpressionAttributeValues": {":new": {"S": "new"}},
    }
    missing = {
        **things,
        "Key": _text(id="gone", **rest),
        "ConditionExpression": "attribute_exists(id)",
    }
    steps = [
        {"Update": update},
        {"Put": {**things, "Item": _text(id="three", **rest)}},
        {"Delete": {**things, "Key": _text(id="two", **rest)}},
    ]
    with pytest.raises(ClientError, match="TransactionCanceledException"):
        client.transact_write_items(TransactItems=[*steps, {"ConditionCheck": missing}])
    assert client.scan(**things)["Items"] == before

    client.transact_write_items(TransactItems=steps)
    after = {item["id"]["S"]: item.get("value") for item in client.scan(**things)["Items"]}
    assert after == {"one": {"S": "new"}, "three": None}


@pytest.mark.parametrize("table", ["id"], indirect=True)
def test_an_update_that_fails_leaves_the_item_as_it_was(table: Any) -> None:
    """One that would make the item too large changes nothing of it, not even what comes first."""
    client, rest = table
    before = client.scan(TableName="Things")["Items"]
    with pytest.raises(ClientError, match="Item size to update"):
        client.update_item(
            TableName="Things",
            Key=_text(id="one", **rest),
            UpdateExpression="SET a = :small, b = :large",
            ExpressionAttributeValues={":small": {"S": "a"}, ":large": {"S": "b" * 410_000}},
        )
    assert client.scan(TableName="Things")["Items"] == before


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("limit", [1, 7, 100])
def test_pages_of_an_index(in_process_aws: Any, limit: int, forward: bool) -> None:
    """They hold what their partition holds, in order and once, followed by bound and by key."""
    client = in_process_aws.client("dynamodb")
    client.create_table(TableName="Paged", **INDEXED)
    for number in range(40):
        kind = {"kind": "even" if number % 2 == 0 else "odd"} if number % 5 else {}
        client.put_item(TableName="Paged", Item=_text(id=f"{number:02}", **kind))
    query: dict[str, Any] = {
        "TableName": "Paged",
        "IndexName": "kind-id",
        "Limit": limit,
        "ScanIndexForward": forward,
    }
    partition = {":kind": {"S": "odd"}}
    followed = [
        item["id"]["S"]
        for page in client.get_paginator("query").paginate(
            **query, KeyConditionExpression="kind = :kind", ExpressionAttributeValues=partition
        )
        for item in page["Items"]
    ]
    below = client.query(
        **query,
        KeyConditionExpression="kind = :kind AND id < :id",
        ExpressionAttributeValues={**partition, ":id": {"S": "21"}},
    )
    client.delete_table(TableName="Paged")
    odd = [f"{number:02}" for number in range(40) if number % 2 and number % 5]
    assert followed == (odd if forward else odd[::-1])
    wanted = [name for name in odd if name < "21"]
    assert [item["id"]["S"] for item in below["Items"]] == (wanted if forward else wanted[::-1])[
        :limit
    ]
    assert ("LastEvaluatedKey" in below) == (limit < len(wanted))


def test_a_copy_of_a_table_shares_its_items_until_they_change(in_process_aws: Any) -> None:
    """What moto copies before each transaction costs nothing for items that it does not touch."""
    client = in_process_aws.client("dynamodb")
    client.create_table(
        TableName="Copied",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for name in ("one", "two"):
        client.put_item(TableName="Copied", Item=_text(id=name))
    table = get_backend("dynamodb")[ACCOUNT_ID][REGION].tables["Copied"]
    copied = copy.deepcopy(table)
    client.update_item(
        TableName="Copied",
        Key=_text(id="one"),
        UpdateExpression="SET a = :a",
        ExpressionAttributeValues={":a": {"S": "1"}},
    )
    shared = {key.value: copied.items[key] is item for key, item in table.items.items()}
    client.delete_table(TableName="Copied")
    assert shared == {"one": False, "two": True}
    assert {key.value: "a" in item.attrs for key, item in copied.items.items()} == {
        "one": False,
        "two": False,
    }
