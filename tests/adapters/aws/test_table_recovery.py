"""The restored table: the window, whose it is, and when it can be deleted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.adapters.aws.table_recovery import TableRecovery
from tasktracker_ops.errors import TtOpsError

ARN = "arn:aws:dynamodb:eu-west-3:123456789012:table/"
SOURCE, TARGET = {"TableName": "TaskTable"}, {"TableName": "TaskTable.recovery"}


@pytest.fixture
def recovery(session: AwsSession) -> TableRecovery:
    """Return the recovery of the table of tasks."""
    return TableRecovery(session, "TaskTable")


@pytest.fixture
def dynamodb(stub: Callable[[str], Stubber]) -> Stubber:
    """The stub of DynamoDB."""
    return stub("dynamodb")


def _described(**recovery: Any) -> dict[str, Any]:
    return {
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": recovery,
        }
    }


def test_window_has_whole_seconds(recovery: TableRecovery, dynamodb: Stubber) -> None:
    """It is never wider than DynamoDB's."""
    day = datetime(2026, 1, 31, tzinfo=UTC)
    answer = _described(
        PointInTimeRecoveryStatus="ENABLED",
        EarliestRestorableDateTime=day.replace(second=1, microsecond=1),
        LatestRestorableDateTime=day.replace(second=9, microsecond=9),
    )
    dynamodb.add_response("describe_continuous_backups", answer, SOURCE)
    window = recovery.window()
    assert window is not None
    assert (window.earliest.second, window.latest.second) == (2, 9)
    assert window.earliest.microsecond == window.latest.microsecond == 0


def test_no_window_without_recovery(recovery: TableRecovery, dynamodb: Stubber) -> None:
    """A table whose recovery is off has none."""
    answer = _described(PointInTimeRecoveryStatus="DISABLED")
    dynamodb.add_response("describe_continuous_backups", answer, SOURCE)
    assert recovery.window() is None


def test_restored_table_has_no_index(recovery: TableRecovery, dynamodb: Stubber) -> None:
    """It is made sooner without, and only read by key and as a whole."""
    at = datetime(2026, 1, 31, tzinfo=UTC)
    dynamodb.add_response(
        "restore_table_to_point_in_time",
        {},
        {
            "SourceTableName": "TaskTable",
            "TargetTableName": "TaskTable.recovery",
            "RestoreDateTime": at,
            "BillingModeOverride": "PAY_PER_REQUEST",
            "GlobalSecondaryIndexOverride": [],
        },
    )
    recovery.restore(at)


@pytest.mark.parametrize(
    ("summary", "is_ours"),
    [
        ({"SourceTableArn": f"{ARN}TaskTable"}, True),
        ({"SourceTableArn": f"{ARN}Other"}, False),
        (None, False),
    ],
)
def test_only_a_table_restored_from_ours_is_touched(
    recovery: TableRecovery,
    dynamodb: Stubber,
    summary: dict[str, str] | None,
    is_ours: bool,
) -> None:
    """One that is called like it and came about otherwise is an error."""
    table: dict[str, Any] = {"TableStatus": "ACTIVE"}
    if summary:
        at = datetime(2026, 1, 31, tzinfo=UTC)
        table["RestoreSummary"] = {**summary, "RestoreDateTime": at, "RestoreInProgress": False}
    dynamodb.add_response("describe_table", {"Table": table}, TARGET)
    if is_ours:
        assert recovery.status() == "ACTIVE"
        return
    with pytest.raises(TtOpsError, match=r"'TaskTable\.recovery' that was not restored") as caught:
        recovery.status()
    assert caught.value.code == "recovery-table-unexpected"


@pytest.mark.parametrize(
    ("code", "deleted"), [("ResourceNotFoundException", True), ("ResourceInUseException", False)]
)
def test_deletion_of_what_is_gone_or_being_made(
    recovery: TableRecovery, dynamodb: Stubber, code: str, deleted: bool
) -> None:
    """Neither is an error: the first is done, the second comes later."""
    dynamodb.add_client_error("delete_table", code, http_status_code=400)
    assert recovery.delete() is deleted
