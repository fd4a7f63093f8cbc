"""Taking the deletion protection off a table, which DynamoDB does in its own time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.stub import Stubber

from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.adapters.aws.tables import Tables
from tasktracker_ops.errors import ConfigurationError, TtOpsError

NAME = {"TableName": "TaskTable"}
UPDATE = {**NAME, "DeletionProtectionEnabled": False}


def described(status: str, *, protected: bool) -> dict[str, object]:
    """An answer of DescribeTable."""
    return {"Table": {"TableStatus": status, "DeletionProtectionEnabled": protected}}


def test_the_table_is_active_again_before_it_goes_on(
    session: AwsSession, stub: Callable[[str], Stubber]
) -> None:
    """A DeleteTable on a table that is UPDATING would be refused."""
    dynamodb = stub("dynamodb")
    dynamodb.add_response("describe_table", described("ACTIVE", protected=True), NAME)
    dynamodb.add_response("update_table", {}, UPDATE)
    dynamodb.add_response("describe_table", described("UPDATING", protected=True), NAME)
    dynamodb.add_response("describe_table", described("ACTIVE", protected=False), NAME)
    Tables(session).allow_deletion("TaskTable")


def test_a_table_without_protection_is_left_alone(
    session: AwsSession, stub: Callable[[str], Stubber]
) -> None:
    """Nothing is changed that need not be."""
    stub("dynamodb").add_response("describe_table", described("ACTIVE", protected=False), NAME)
    Tables(session).allow_deletion("TaskTable")


def test_no_table_is_no_error(session: AwsSession, stub: Callable[[str], Stubber]) -> None:
    """A destroy may be repeated."""
    stub("dynamodb").add_client_error("describe_table", "ResourceNotFoundException")
    Tables(session).allow_deletion("TaskTable")


def test_a_table_that_stays_busy_is_named(
    session: AwsSession, stub: Callable[[str], Stubber]
) -> None:
    """With its state; nothing has been deleted by then."""
    stub("dynamodb").add_response("describe_table", described("UPDATING", protected=True), NAME)
    with pytest.raises(TtOpsError, match="'TaskTable' is UPDATING") as caught:
        Tables(session, patience=0).allow_deletion("TaskTable")
    assert caught.value.code == "table-busy"


def test_a_refusal_is_told(session: AwsSession, stub: Callable[[str], Stubber]) -> None:
    """Whoever may not change the table may not destroy the deployment."""
    dynamodb = stub("dynamodb")
    dynamodb.add_response("describe_table", described("ACTIVE", protected=True), NAME)
    dynamodb.add_client_error("update_table", "AccessDeniedException", "not allowed", 400)
    with pytest.raises(ConfigurationError, match="'TaskTable'") as caught:
        Tables(session).allow_deletion("TaskTable")
    assert caught.value.code == "aws-access-denied"
