"""A snapshot has everything, replaces the one before at once, and is refused when it is damaged."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from moto.backends import get_backend

from tasktracker_ops.emulator import snapshot
from tasktracker_ops.emulator.snapshot import Damaged, OfAnotherVersion
from tasktracker_ops.emulator.stores import list_stores
from tasktracker_ops.local.credentials import ACCOUNT_ID
from tests.alarm import DEFINITION

from .aws import Aws

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def stores(in_process_aws: Aws) -> dict[str, Any]:
    """The stores of an emulator in this process."""
    parts = in_process_aws.parts
    assert parts is not None
    return list_stores(parts.mailbox, parts.alarms)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    """The descriptor of a folder for snapshots."""
    (tmp_path / "kept").mkdir()
    descriptor = os.open(tmp_path / "kept", os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def file(folder: int, stores: dict[str, Any], tmp_path: Path) -> Path:
    """A snapshot."""
    snapshot.write(folder, snapshot.take(stores, SINCE))
    return tmp_path / "kept" / "snapshot"


def _use_everything(aws: Aws, table: dict[str, Any], address: str) -> Callable[[], Any]:
    """Make one thing of each kind, and return what reads all of it."""
    function = aws.function()
    api = aws.api(function)
    assert api.answer({"a": 1}).json() == {"a": 1}
    aws.client("dynamodb").create_table(**{**table, "TableName": function.name})
    item = {"task_id": {"S": "1"}, "status": {"S": "pending"}}
    aws.client("dynamodb").put_item(TableName=function.name, Item=item)
    # botocore's client of S3 changes the model that it shares with moto in these tests.
    s3 = get_backend("s3")[ACCOUNT_ID]["aws"]
    s3.create_bucket(function.name, "eu-west-3")
    s3.put_object(function.name, "state", b"x" * 9_000_000)
    aws.client("ssm").put_parameter(Name=function.name, Value="v", Type="String")
    topic = aws.client("sns").create_topic(Name=function.name)["TopicArn"]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint=address)
    aws.client("cloudwatch").put_metric_alarm(
        **{**DEFINITION, "AlarmName": function.name},
        Dimensions=[{"Name": "FunctionName", "Value": function.name}],
        TreatMissingData="notBreaching",
        AlarmActions=[topic],
    )
    aws.client("cloudwatch").set_alarm_state(
        AlarmName=function.name, StateValue="ALARM", StateReason="a test"
    )
    now = datetime.now(UTC).timestamp()
    metric = {
        "Namespace": "AWS/Lambda",
        "MetricName": "Invocations",
        "Dimensions": [{"Name": "FunctionName", "Value": function.name}],
    }
    query = {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}

    def read() -> Any:
        history = aws.client("cloudwatch").describe_alarm_history(AlarmName=function.name)
        values = aws.client("cloudwatch").get_metric_data(
            MetricDataQueries=[query], StartTime=now - 600, EndTime=now + 60
        )
        parts = aws.parts
        assert parts is not None
        return {
            "alarm": aws.client("cloudwatch").describe_alarms(AlarmNames=[function.name])[
                "MetricAlarms"
            ],
            "history": history["AlarmHistoryItems"],
            "inbox": parts.mailbox.mails(),
            "items": aws.client("dynamodb").scan(TableName=function.name)["Items"],
            "log": function.log(),
            "metric": values["MetricDataResults"][0]["Values"],
            "object": s3.get_object(function.name, "state").value,
            "parameter": aws.client("ssm").get_parameter(Name=function.name)["Parameter"],
            "subscriptions": aws.client("sns").list_subscriptions_by_topic(TopicArn=topic)[
                "Subscriptions"
            ],
            "function": aws.client("lambda").get_function(FunctionName=function.name)[
                "Configuration"
            ],
        }

    return read


def _forget(stores: dict[str, Any]) -> None:
    for service in ("apigatewayv2", "cloudwatch", "dynamodb", "iam", "lambda", "logs", "s3", "sns"):
        for backend in get_backend(service)[ACCOUNT_ID].values():  # type: ignore[arg-type]
            backend.reset()
    get_backend("ssm")[ACCOUNT_ID]["eu-west-3"].reset()
    for store in stores.values():
        if isinstance(store, dict):
            store.clear()
        elif hasattr(store, "_mails"):
            store._mails.clear()
        elif hasattr(store, "_items"):
            store._items.clear()


def test_everything_comes_back(
    in_process_aws: Aws,
    stores: dict[str, Any],
    folder: int,
    tmp_path: Path,
    table_definition: dict[str, Any],
) -> None:
    """State, logs, alarms with their history, metrics and mail; and the function runs again."""
    read = _use_everything(in_process_aws, table_definition, "you@example.com")
    before = read()
    taken = snapshot.take(stores, SINCE)
    assert taken.description.left_out == ()
    in_process_aws.client("sqs").list_queues()
    assert ("sqs", ACCOUNT_ID, "eu-west-3") not in snapshot.take(stores, SINCE).parts  # untouched
    snapshot.write(folder, taken)
    file = tmp_path / "kept" / "snapshot"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in file.parent.iterdir()] == ["snapshot"]

    _forget(stores)
    assert snapshot.restore(folder, stores) == taken.description
    after = read()
    assert after == before
    assert before["log"]
    assert before["metric"]
    assert len(before["inbox"]) >= 1


def _replace(file: Path, old: bytes, new: bytes) -> None:
    content = file.read_bytes()
    assert old in content
    file.write_bytes(content.replace(old, new, 1))


DAMAGES: dict[str, Callable[[Path], Any]] = {
    "empty": lambda file: file.write_bytes(b""),
    "of something else": lambda file: file.write_bytes(b"{}\n"),
    "cut off": lambda file: file.write_bytes(file.read_bytes()[:-1]),
    "with a changed byte": lambda file: file.write_bytes(
        file.read_bytes()[:-1] + bytes([file.read_bytes()[-1] ^ 1])
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_snapshot_is_set_aside(
    file: Path, folder: int, stores: dict[str, Any], damage: str
) -> None:
    """Nothing of it is used, and its new name says so."""
    DAMAGES[damage](file)
    content = file.read_bytes()
    with pytest.raises(Damaged) as caught:
        snapshot.restore(folder, stores)
    name = snapshot.set_aside(folder, caught.value, SINCE)
    assert name == "snapshot.damaged-20260101T000000Z"
    assert (file.parent / name).read_bytes() == content
    assert snapshot.restore(folder, stores) is None


@pytest.mark.parametrize("of", ["tt-ops", "moto", "python"])
def test_the_snapshot_of_another_version_is_set_aside(
    file: Path, folder: int, stores: dict[str, Any], of: str
) -> None:
    """The reason names both versions."""
    ours = json.loads(file.read_bytes().partition(b"\n")[0])["versions"][of]
    _replace(file, f'"{of}": "{ours}"'.encode(), f'"{of}": "0.0.1"'.encode())
    with pytest.raises(OfAnotherVersion, match=rf"{of} 0\.0\.1 \(this is ") as caught:
        snapshot.restore(folder, stores)
    name = snapshot.set_aside(folder, caught.value, SINCE)
    assert name == "snapshot.other-version-20260101T000000Z"


def test_a_snapshot_can_hold_no_code(folder: int, file: Path, stores: dict[str, Any]) -> None:
    """A pickle that names a function of the system is refused, with a right checksum too."""

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.system, ("true",)

    taken = snapshot.take({**stores, "inbox": Evil()}, SINCE)
    snapshot.write(folder, taken)
    with pytest.raises(Damaged, match="system is no data"):
        snapshot.restore(folder, stores)


def test_a_failed_write_leaves_the_snapshot_before(
    folder: int, file: Path, stores: dict[str, Any]
) -> None:
    """It is replaced when the new one is complete, and not before."""
    before = file.read_bytes()
    (file.parent / ".snapshot.partial").mkdir()
    with pytest.raises(IsADirectoryError):
        snapshot.write(folder, snapshot.take(stores, SINCE))
    assert file.read_bytes() == before


def test_what_cannot_be_pickled_is_left_out_and_named(
    in_process_aws: Aws, stores: dict[str, Any]
) -> None:
    """The rest is kept."""
    in_process_aws.client("sqs").list_queues()
    backend: Any = get_backend("sqs")[ACCOUNT_ID]["eu-west-3"]
    backend.tt_ops_test = (each for each in "generators cannot be pickled")
    try:
        taken = snapshot.take(stores, SINCE)
    finally:
        del backend.tt_ops_test
    assert [each.partition(":")[0] for each in taken.description.left_out] == ["sqs in eu-west-3"]
