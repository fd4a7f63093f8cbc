"""SNS topics and their subscriptions."""

from __future__ import annotations

from tasktracker_ops.models.status import Subscription

from .session import AwsSession, aws_errors


class Topics:
    """SNS topics by ARN."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def subscriptions(self, topic_arn: str) -> tuple[Subscription, ...]:
        """Return all subscriptions of a topic. Raises AwsNotFound without such a topic."""
        with aws_errors(f"reading the subscriptions of {topic_arn!r}"):
            pages = self._session.client("sns").get_paginator("list_subscriptions_by_topic")
            return tuple(
                _subscription(item["Protocol"], item.get("Endpoint", ""), item["SubscriptionArn"])
                for page in pages.paginate(TopicArn=topic_arn)
                for item in page["Subscriptions"]
            )


def _subscription(protocol: str, endpoint: str, arn: str) -> Subscription:
    # Instead of an ARN it has "PendingConfirmation", or "Deleted" after an unsubscription.
    confirmed = arn.startswith("arn:")
    return Subscription(protocol, endpoint, confirmed, arn if confirmed else None)
