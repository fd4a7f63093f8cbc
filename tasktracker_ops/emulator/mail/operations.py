"""SNS's operations for e-mail: subscribe, publish and list.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
"""

from __future__ import annotations

import re
import secrets
from typing import Any
from urllib.parse import quote, urlencode

from moto.core.responses import ActionResult
from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.models import SNSBackend, Subscription
from moto.sns.responses import SNSResponse

from tasktracker_ops.emulator.control_plane import NotEmulated

from .mailbox import Letter, Mailbox

# As browsers take it (https://html.spec.whatwg.org/multipage/input.html#email-state-(type=email)),
# with letters of any script.
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(\.[\w-]+)*")

_CONFIRMATION_SUBJECT = "AWS Notification - Subscription Confirmation"
_DEFAULT_SUBJECT = "AWS Notification Message"
# moto's own method: `patches.py` replaces it.
_moto_subscribe = SNSBackend.subscribe


class Sender:
    """Sends the mail of subscriptions; `url` is the emulator's, for the links."""

    def __init__(self, mailbox: Mailbox, url: str) -> None:
        self._mailbox = mailbox
        self._url = url

    def request_confirmation(self, subscription: Any) -> None:
        """Send the mail with the link that confirms."""
        token = {"TopicArn": subscription.topic_arn, "Token": subscription.token}
        url = f"{self._url}/_tt-ops/confirm?{urlencode(token)}"
        text = _confirmation(subscription.topic_arn, url)
        self._send(subscription, _CONFIRMATION_SUBJECT, text, confirm_url=url)

    def notify(self, subscription: Any, message: str, subject: str | None) -> None:
        """Send a topic's message."""
        leave = {"SubscriptionArn": subscription.arn, "Endpoint": subscription.endpoint}
        url = f"{self._url}/_tt-ops/unsubscribe?{urlencode(leave, quote_via=quote, safe=':@')}"
        text = _notification(message, url)
        self._send(subscription, subject or _DEFAULT_SUBJECT, text)

    def _send(
        self, subscription: Any, subject: str, text: str, confirm_url: str | None = None
    ) -> None:
        self._mailbox.post(
            Letter(
                recipient=subscription.endpoint,
                subject=subject,
                text=text,
                confirm_url=confirm_url,
                subscription_arn=subscription.arn,
            )
        )


def subscribe(
    backend: SNSBackend, sender: Sender, topic_arn: str, endpoint: str, protocol: str
) -> Subscription:
    """Subscribe an e-mail address; `sender` asks its owner to confirm."""
    if protocol != "email":
        reason = f"protocol {protocol!r}; only e-mail is emulated"
        raise NotEmulated(service="sns", action="Subscribe", reason=reason)
    if not _ADDRESS.fullmatch(endpoint):
        raise SNSInvalidParameter("Invalid parameter: Email address")
    # moto returns the existing one for the same address; SNS then sends another request.
    subscription: Any = _moto_subscribe(backend, topic_arn, endpoint, protocol)
    if not subscription.confirmed:
        if not hasattr(subscription, "token"):
            subscription.token = secrets.token_hex(64)
        subscription.attributes["PendingConfirmation"] = True
        subscription.attributes["ConfirmationWasAuthenticated"] = False
        sender.request_confirmation(subscription)
    return subscription  # type: ignore[no-any-return]


def publish(
    subscription: Subscription,
    sender: Sender,
    message: str,
    message_id: str,
    subject: str | None = None,
    **_: Any,
) -> None:
    """Deliver a topic's message to one subscription."""
    if subscription.confirmed:
        sender.notify(subscription, message, subject)


def list_subscriptions_by_topic(request: SNSResponse) -> ActionResult:
    """Answer ListSubscriptionsByTopic, with PendingConfirmation for the ARN of a pending one."""
    page, token = request.backend.list_subscriptions_by_topic(
        request._get_param("TopicArn"), next_token=request._get_param("NextToken")
    )
    subscriptions = [
        {
            "SubscriptionArn": each.arn if each.confirmed else "PendingConfirmation",
            "Owner": each.owner,
            "Protocol": each.protocol,
            "Endpoint": each.endpoint,
            "TopicArn": each.topic_arn,
        }
        for each in page
    ]
    return ActionResult({"Subscriptions": subscriptions, "NextToken": token})


def _confirmation(topic_arn: str, url: str) -> str:
    """Return the text that asks the owner of an address to confirm."""
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


def _notification(text: str, url: str) -> str:
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
