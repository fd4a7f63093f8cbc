"""The texts that SNS wraps around a topic's messages."""

from __future__ import annotations

CONFIRMATION_SUBJECT = "AWS Notification - Subscription Confirmation"
DEFAULT_SUBJECT = "AWS Notification Message"


def confirmation(topic_arn: str, url: str) -> str:
    """Return what asks the owner of an address to confirm."""
    return f"""\
You have chosen to subscribe to the topic:
{topic_arn}

To confirm this subscription, click or visit the link below \
(If this was in error no action is necessary):
{url}

Please do not reply directly to this email. \
If you wish to remove yourself from receiving all future SNS subscription confirmation requests \
please send an email to sns-opt-out
"""


def notification(text: str, url: str) -> str:
    """Return a topic's message with the footer that offers to unsubscribe."""
    return f"""\
{text}

--
If you wish to stop receiving notifications from this topic, \
please click or visit the link below to unsubscribe:
{url}

Please do not reply directly to this email. \
If you have any questions or comments regarding this email, \
please contact us at https://aws.amazon.com/support
"""
