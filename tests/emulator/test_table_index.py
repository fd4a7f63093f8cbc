"""The order of an index follows every change of its table."""

from __future__ import annotations

import random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .aws import INDEXED

KINDS = ("even", "odd", None)


def _item(key: str, kind: str | None) -> dict[str, dict[str, str]]:
    return {"id": {"S": key}, **({"kind": {"S": kind}} if kind else {})}


@pytest.fixture
def table(in_process_aws: Any) -> Any:
    """A client, and the arguments that name a table with an index of its `id` by `kind`."""
    client = in_process_aws.client("dynamodb")
    client.create_table(TableName="Indexed", **INDEXED)
    yield client, {"TableName": "Indexed"}
    client.delete_table(TableName="Indexed")


def _indexed(client: Any, named: dict[str, str], kind: str) -> list[str]:
    page = client.query(
        **named,
        IndexName="kind-id",
        KeyConditionExpression="kind = :kind",
        ExpressionAttributeValues={":kind": {"S": kind}},
    )
    return [item["id"]["S"] for item in page["Items"]]


def test_an_index_follows_every_change(table: Any) -> None:
    """What is put, replaced, updated, deleted and taken back is where it belongs."""
    client, named = table
    chance = random.Random(7)
    kinds: dict[str, str | None] = {}
    for _ in range(60):
        key, kind = f"{chance.randrange(12):02}", chance.choice(KINDS)
        match chance.choice(("put", "update", "delete", "cancel")):
            case "put":
                client.put_item(**named, Item=_item(key, kind))
                kinds[key] = kind
            case "update" if kind:
                client.update_item(
                    **named,
                    Key={"id": {"S": key}},
                    UpdateExpression="SET kind = :kind",
                    ExpressionAttributeValues={":kind": {"S": kind}},
                )
                kinds[key] = kind
            case "delete":
                client.delete_item(**named, Key={"id": {"S": key}})
                kinds.pop(key, None)
            case "cancel":
                never = {**named, "Key": {"id": {"S": "never"}}}
                check = {**never, "ConditionExpression": "attribute_exists(id)"}
                put = {**named, "Item": _item(key, kind)}
                with pytest.raises(ClientError, match="TransactionCanceled"):
                    client.transact_write_items(
                        TransactItems=[{"Put": put}, {"ConditionCheck": check}]
                    )
        for wanted in ("even", "odd"):
            members = sorted(key for key, kind in kinds.items() if kind == wanted)
            assert _indexed(client, named, wanted) == members
