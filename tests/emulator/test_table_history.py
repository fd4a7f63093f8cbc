"""Point-in-time recovery on the emulator: a table is restored with what it really held."""

from __future__ import annotations

import pickle  # nosec B403 # of its own data
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models.dynamo_type import DynamoType, Item

from tasktracker_ops.emulator.table_history import History, RecordedItems

NAME = {"TableName": "Recorded"}


def _text(**fields: str) -> dict[str, dict[str, str]]:
    return {name: {"S": value} for name, value in fields.items()}


def _recovery(client: Any, *, enabled: bool) -> dict[str, Any]:
    specification = {"PointInTimeRecoveryEnabled": enabled}
    answer = client.update_continuous_backups(
        **NAME, PointInTimeRecoverySpecification=specification
    )
    found: dict[str, Any] = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    return found


@pytest.fixture
def client(aws: Any) -> Iterator[Any]:
    """Yield a client with an empty table whose recovery is on."""
    client = aws.client("dynamodb")
    client.create_table(
        **NAME,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    _recovery(client, enabled=True)
    yield client
    client.delete_table(**NAME)


def _restore(client: Any, at: datetime) -> str:
    client.restore_table_to_point_in_time(
        SourceTableName="Recorded", TargetTableName="Then", RestoreDateTime=at
    )
    return str(client.describe_table(TableName="Then")["Table"]["TableStatus"])


def test_a_table_is_restored_as_it_was(client: Any) -> None:
    """With what was put, changed and deleted since, and what a transaction took back."""
    for name in ("deleted", "changed", "kept", "taken back"):
        client.put_item(**NAME, Item=_text(id=name, value="old"))
    then = datetime.now(UTC)
    before = client.scan(**NAME)["Items"]
    client.delete_item(**NAME, Key=_text(id="deleted"))
    change: dict[str, Any] = {
        "UpdateExpression": "SET #v = :new",
        "ExpressionAttributeNames": {"#v": "value"},
        "ExpressionAttributeValues": _text(**{":new": "new"}),
    }
    client.update_item(**NAME, Key=_text(id="changed"), **change)
    client.put_item(**NAME, Item=_text(id="new"))
    fails = {**NAME, "Key": _text(id="no"), "ConditionExpression": "attribute_exists(id)"}
    update = {"Update": {**NAME, "Key": _text(id="taken back"), **change}}
    with pytest.raises(ClientError, match="TransactionCanceled"):
        client.transact_write_items(TransactItems=[update, {"ConditionCheck": fails}])
    client.put_item(**NAME, Item=_text(id="kept", value="newer"))

    assert _restore(client, then) == "CREATING"
    with pytest.raises(ClientError, match="ResourceInUseException"):
        client.delete_table(TableName="Then")
    client.get_waiter("table_exists").wait(TableName="Then", WaiterConfig={"Delay": 1})
    restored = client.scan(TableName="Then")["Items"]
    summary = client.describe_table(TableName="Then")["Table"]["RestoreSummary"]
    client.delete_table(TableName="Then")
    assert restored == before
    assert summary["SourceTableArn"].endswith(":table/Recorded")
    assert abs(summary["RestoreDateTime"] - then) < timedelta(milliseconds=2)


def test_what_cannot_be_restored_is_refused(client: Any) -> None:
    """A time before the recovery was on, and any time once it is off."""
    window = client.describe_continuous_backups(**NAME)["ContinuousBackupsDescription"]
    earliest = window["PointInTimeRecoveryDescription"]["EarliestRestorableDateTime"]
    with pytest.raises(ClientError, match="InvalidRestoreTimeException"):
        _restore(client, earliest - timedelta(seconds=1))
    with pytest.raises(ClientError, match="InvalidRestoreTimeException"):
        _restore(client, datetime.now(UTC) + timedelta(minutes=1))
    assert _recovery(client, enabled=False) == {"PointInTimeRecoveryStatus": "DISABLED"}
    with pytest.raises(ClientError, match="PointInTimeRecoveryUnavailable"):
        _restore(client, datetime.now(UTC))


def _item(name: str) -> tuple[DynamoType, Item]:
    key = DynamoType({"S": name})
    return key, Item(key, None, _text(id=name))


def test_a_full_history_begins_later() -> None:
    """The oldest changes are forgotten, and with them the times before."""
    history = History(kept=2)
    items = RecordedItems({}, history)
    begun = history.since
    for name in ("one", "two", "three"):
        time.sleep(0.002)
        key, item = _item(name)
        items[key] = item
    assert begun < history.since < time.time()
    then = history.items_at(items, history.since)
    assert [key.value for key in then] == ["one"]


def test_a_history_survives_being_pickled() -> None:
    """The items of now are in it, and those of before."""
    items = RecordedItems({}, History())
    key, item = _item("one")
    items[key] = item
    then = time.time()
    time.sleep(0.002)
    items.pop(key)
    copied = pickle.loads(pickle.dumps(items))  # nosec B301
    assert (dict(copied), copied.history.since) == ({}, items.history.since)
    assert [each.value for each in copied.history.items_at(copied, then)] == ["one"]


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_pages_of_a_scan_hold_each_item_once(client: Any, limit: int) -> None:
    """Whatever the order in which they were made."""
    names = [f"{number * 7 % 10}" for number in range(10)]
    for name in names:
        client.put_item(**NAME, Item=_text(id=name))
    pages = client.get_paginator("scan").paginate(**NAME, Limit=limit)
    found = [item["id"]["S"] for page in pages for item in page["Items"]]
    assert sorted(found) == sorted(names)
