"""Topics and their subscriptions."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.stub import Stubber

from tasktracker_ops.adapters.aws.session import AwsNotFound, AwsSession
from tasktracker_ops.adapters.aws.topics import Topics
from tasktracker_ops.models.status import Subscription

TOPIC = "arn:aws:sns:eu-west-3:123456789012:task-tracker-alerts"


def item(endpoint: str, arn: str) -> dict[str, str]:
    """A subscription as SNS lists it."""
    return {
        "SubscriptionArn": arn,
        "Owner": "123456789012",
        "Protocol": "email",
        "Endpoint": endpoint,
        "TopicArn": TOPIC,
    }


def test_subscription_is_confirmed_or_pending(
    session: AwsSession, stub: Callable[[str], Stubber]
) -> None:
    """A pending or deleted one has no ARN; all pages are read."""
    first = {"Subscriptions": [item("a@b.c", f"{TOPIC}:1")], "NextToken": "more"}
    rest = [item("d@e.f", "PendingConfirmation"), item("g@h.i", "Deleted")]
    stub("sns").add_response("list_subscriptions_by_topic", first, {"TopicArn": TOPIC})
    stub("sns").add_response(
        "list_subscriptions_by_topic",
        {"Subscriptions": rest},
        {"TopicArn": TOPIC, "NextToken": "more"},
    )
    assert Topics(session).subscriptions(TOPIC) == (
        Subscription("email", "a@b.c", True, f"{TOPIC}:1"),
        Subscription("email", "d@e.f", False, None),
        Subscription("email", "g@h.i", False, None),
    )


def test_missing_topic_is_an_error(session: AwsSession, stub: Callable[[str], Stubber]) -> None:
    """SNS has its own code for it."""
    stub("sns").add_client_error("list_subscriptions_by_topic", "NotFound", "no topic", 404)
    with pytest.raises(AwsNotFound, match="task-tracker-alerts"):
        Topics(session).subscriptions(TOPIC)
