"""Sizes that are billed for."""

from __future__ import annotations

from collections.abc import Callable

from botocore.stub import Stubber

from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.adapters.aws.usage import Usage


def test_logs_are_those_of_the_very_groups(
    session: AwsSession, stub: Callable[[str], Stubber]
) -> None:
    """CloudWatch searches by prefix, with which the names of other environments begin."""
    groups = [
        {"logGroupName": "/aws/lambda/tracker", "storedBytes": 5},
        {"logGroupName": "/aws/lambda/tracker-staging", "storedBytes": 7},
    ]
    stub("logs").add_response("describe_log_groups", {"logGroups": groups})
    assert Usage(session).log_bytes(("/aws/lambda/tracker",)) == 5
