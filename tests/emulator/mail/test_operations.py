"""E-mail subscriptions are pending until they are confirmed, then receive mail."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from tasktracker_ops.emulator.mail.mailbox import Letter, Mailbox


def _inbox(aws: Any) -> list[dict[str, Any]]:
    response = requests.get(f"{aws.server.url}/_tt-ops/inbox", timeout=10)
    assert response.headers["content-type"] == "application/json"
    return list(response.json()["mails"])


def _mails(aws: Any, address: str) -> list[dict[str, Any]]:
    return [mail for mail in _inbox(aws) if mail["to"] == address]


@pytest.fixture
def address(request: pytest.FixtureRequest) -> str:
    """An address of the test's own."""
    return f"{request.node.name.partition('[')[0]}@example.com"


@pytest.fixture
def topic(aws: Any, request: pytest.FixtureRequest) -> Any:
    """The ARN of a topic of the test's own."""
    name = request.node.name.partition("[")[0]
    arn = aws.client("sns").create_topic(Name=name)["TopicArn"]
    yield arn
    aws.client("sns").delete_topic(TopicArn=arn)


def _subscribe(aws: Any, topic: str, address: str, **options: Any) -> str:
    return str(
        aws.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint=address, **options)[
            "SubscriptionArn"
        ]
    )


def _subscriptions(aws: Any, topic: str) -> list[str]:
    found = aws.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    return [each["SubscriptionArn"] for each in found]


def test_a_subscription_is_pending_at_first(aws: Any, topic: str, address: str) -> None:
    """Every operation that describes it shows that; it receives the request to confirm only."""
    arn = _subscribe(aws, topic, address)
    assert arn.startswith(f"{topic}:")
    assert _subscriptions(aws, topic) == ["PendingConfirmation"]
    attributes = aws.client("sns").get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert attributes["PendingConfirmation"] == "true"
    assert attributes["ConfirmationWasAuthenticated"] == "false"
    aws.client("sns").publish(TopicArn=topic, Message="not sent")
    [mail] = _mails(aws, address)
    assert mail["subject"] == "AWS Notification - Subscription Confirmation"


def test_the_link_in_the_mail_confirms(aws: Any, topic: str, address: str) -> None:
    """A browser gets a page, and the subscription its ARN."""
    _subscribe(aws, topic, address)
    mail = _mails(aws, address)[0]
    assert mail["confirm_url"] in mail["text"]
    assert f"You have chosen to subscribe to the topic:\n{topic}\n" in mail["text"]
    page = requests.get(mail["confirm_url"], timeout=10)
    assert (page.status_code, "Subscription confirmed!" in page.text) == (200, True)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    [arn] = _subscriptions(aws, topic)
    assert arn in page.text
    assert _mails(aws, address)[0]["confirm_url"] is None
    assert requests.get(mail["confirm_url"], timeout=10).status_code == 200


def test_only_the_link_confirms(aws: Any, topic: str, address: str) -> None:
    """ConfirmSubscription is refused, since moto would confirm nothing."""
    _subscribe(aws, topic, address)
    with pytest.raises(ClientError, match="tt-ops local confirm"):
        aws.client("sns").confirm_subscription(TopicArn=topic, Token="0" * 128)
    assert _subscriptions(aws, topic) == ["PendingConfirmation"]


@pytest.mark.parametrize("query", ["", "TopicArn=x&Token=y", "TopicArn={topic}&Token=%C3%A9"])
def test_a_wrong_link_confirms_nothing(aws: Any, topic: str, address: str, query: str) -> None:
    """The answer is a 400, and the subscription stays pending."""
    _subscribe(aws, topic, address)
    url = f"{aws.server.url}/_tt-ops/confirm?{query.format(topic=topic)}"
    assert requests.get(url, timeout=10).status_code == 400
    assert _subscriptions(aws, topic) == ["PendingConfirmation"]


def test_a_head_request_confirms_nothing(aws: Any, topic: str, address: str) -> None:
    """Programs that check links send HEAD."""
    _subscribe(aws, topic, address)
    requests.head(_mails(aws, address)[0]["confirm_url"], timeout=10)
    assert _subscriptions(aws, topic) == ["PendingConfirmation"]


def test_subscribing_again_sends_another_request(aws: Any, topic: str, address: str) -> None:
    """Only while the subscription is pending, and there is still one subscription."""
    for _ in range(2):
        _subscribe(aws, topic, address)
    assert len(_mails(aws, address)) == 2
    requests.get(_mails(aws, address)[0]["confirm_url"], timeout=10)
    assert _subscribe(aws, topic, address) == _subscriptions(aws, topic)[0]
    assert len(_mails(aws, address)) == 2


def test_a_notification_becomes_a_message(aws: Any, topic: str, address: str) -> None:
    """It has SNS's sender and footer, and a subject of SNS where the message has none."""
    _subscribe(aws, topic, address)
    requests.get(_mails(aws, address)[0]["confirm_url"], timeout=10)
    aws.client("sns").publish(TopicArn=topic, Subject="ALARM: errors", Message="Grüße")
    mail = _mails(aws, address)[0]
    assert mail["sender"] == "AWS Notifications <no-reply@sns.amazonaws.com>"
    assert mail["subject"] == "ALARM: errors"
    assert mail["text"].startswith("Grüße\n\n--\nIf you wish to stop receiving notifications")
    assert mail["confirm_url"] is None
    aws.client("sns").publish(TopicArn=topic, Message="x")
    assert _mails(aws, address)[0]["subject"] == "AWS Notification Message"


@pytest.mark.parametrize(
    ("protocol", "endpoint"),
    [
        ("https", "https://example.com/hook"),
        ("http", "http://127.0.0.1:9/hook"),
        ("email-json", "me@example.com"),
        ("sqs", "arn:aws:sqs:eu-west-3:123456789012:queue"),
        ("lambda", "arn:aws:lambda:eu-west-3:123456789012:function:any"),
        ("sms", "+33600000000"),
    ],
)
def test_a_subscription_other_than_email_is_refused(
    aws: Any, topic: str, protocol: str, endpoint: str
) -> None:
    """The error quotes the protocol, and nothing is subscribed that would be called."""
    with pytest.raises(ClientError) as caught:
        aws.client("sns").subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
    error = caught.value.response["Error"]
    assert error["Code"] == "NotImplemented"
    assert error["Message"].startswith(f"sns Subscribe is not emulated: protocol '{protocol}'")
    assert _subscriptions(aws, topic) == []


def test_the_footer_unsubscribes(aws: Any, topic: str, address: str) -> None:
    """The link in a notification ends the subscription."""
    _subscribe(aws, topic, address)
    requests.get(_mails(aws, address)[0]["confirm_url"], timeout=10)
    aws.client("sns").publish(TopicArn=topic, Message="x")
    [link] = [line for line in _mails(aws, address)[0]["text"].splitlines() if "http://" in line]
    assert "Subscription removed!" in requests.get(link, timeout=10).text
    assert _subscriptions(aws, topic) == []
    assert requests.get(link, timeout=10).status_code == 404


@pytest.mark.parametrize(
    "endpoint",
    [
        "nobody",
        "a@b\nBcc: c@d",
        "a b@c",
        "a@b,c@d",
        "a@[",
        "a@",
    ],
)
def test_an_invalid_address_is_refused(aws: Any, topic: str, endpoint: str) -> None:
    """The error is that of SNS."""
    with pytest.raises(ClientError, match="Invalid parameter: Email address"):
        _subscribe(aws, topic, endpoint)


def test_an_address_may_have_letters_of_any_script(aws: Any, topic: str) -> None:
    """It receives its mail."""
    _subscribe(aws, topic, "grüße@example.com")
    assert len(_mails(aws, "grüße@example.com")) == 1


def test_the_inbox_is_bounded() -> None:
    """The newest messages stay, and keep their numbers."""
    mailbox = Mailbox(kept=2)
    for number in range(5):
        mailbox.post(Letter("a@example.com", f"subject {number}", "text"))
    assert [(mail.id, mail.letter.subject) for mail in mailbox.mails()] == [
        (5, "subject 4"),
        (4, "subject 3"),
    ]


def test_the_page_shows_mail_as_text(aws: Any, topic: str, address: str) -> None:
    """Its subject and its text are escaped."""
    _subscribe(aws, topic, address)
    requests.get(_mails(aws, address)[0]["confirm_url"], timeout=10)
    aws.client("sns").publish(TopicArn=topic, Message="<script>alert(2)</script>")
    page = requests.get(f"{aws.server.url}/_tt-ops/").text
    assert address in page
    assert "&lt;script&gt;alert(2)" in page
    assert "<script>" not in page
