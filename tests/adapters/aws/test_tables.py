"""Turning off the deletion protection of a table, which takes DynamoDB some time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.stub import Stubber

from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.adapters.aws.tables import Tables
from tasktracker_ops.errors import TtOpsError

NAME = {"TableName": "TaskTable"}
UPDATE = {**NAME, "DeletionProtectionEnabled": False}


def described(status: str, *, protected: bool) -> dict[str, object]:
    """A response of DescribeTable."""
    return {"Table": {"TableStatus": status, "DeletionProtectionEnabled": protected}}


@pytest.fixture
def dynamodb(stub: Callable[[str], Stubber]) -> Stubber:
    """The stub of DynamoDB."""
    return stub("dynamodb")


def test_protection_is_off_when_the_table_is_active_again(
    session: AwsSession, dynamodb: Stubber
) -> None:
    """DeleteTable fails while the table is still UPDATING."""
    dynamodb.add_response("describe_table", described("ACTIVE", protected=True), NAME)
    dynamodb.add_response("update_table", {}, UPDATE)
    dynamodb.add_response("describe_table", described("UPDATING", protected=True), NAME)
    dynamodb.add_response("describe_table", described("ACTIVE", protected=False), NAME)
    Tables(session).allow_deletion("TaskTable")


def test_unprotected_table_is_not_changed(session: AwsSession, dynamodb: Stubber) -> None:
    """Only DescribeTable is called."""
    dynamodb.add_response("describe_table", described("ACTIVE", protected=False), NAME)
    Tables(session).allow_deletion("TaskTable")


def test_missing_table_is_no_error(session: AwsSession, dynamodb: Stubber) -> None:
    """A destroy may be repeated."""
    dynamodb.add_client_error("describe_table", "ResourceNotFoundException")
    Tables(session).allow_deletion("TaskTable")


def test_busy_table_is_an_error(session: AwsSession, dynamodb: Stubber) -> None:
    """The message has its status."""
    dynamodb.add_response("describe_table", described("UPDATING", protected=True), NAME)
    with pytest.raises(TtOpsError, match="'TaskTable' is still UPDATING") as caught:
        Tables(session, patience=0).allow_deletion("TaskTable")
    assert caught.value.code == "table-busy"
