"""E-mail subscriptions wait for their confirmation, then get mail: over HTTP, as clients see it."""

from __future__ import annotations

import email
import email.policy
import json
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from tasktracker_ops.local.mail.mailbox import Letter, Mailbox


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


def _counts(aws: Any, topic: str) -> tuple[str, str, str]:
    found = aws.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    return tuple(found[f"Subscriptions{name}"] for name in ("Pending", "Confirmed", "Deleted"))


def test_a_subscription_is_pending_at_first(aws: Any, topic: str, address: str) -> None:
    """Every call that tells of it says so."""
    assert _subscribe(aws, topic, address) == "pending confirmation"
    arn = _subscribe(aws, topic, address, ReturnSubscriptionArn=True)
    assert arn.startswith(f"{topic}:")
    assert _subscriptions(aws, topic) == ["PendingConfirmation"]
    everywhere = aws.client("sns").list_subscriptions()["Subscriptions"]
    assert "PendingConfirmation" in [
        each["SubscriptionArn"] for each in everywhere if each["Endpoint"] == address
    ]
    attributes = aws.client("sns").get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert attributes["PendingConfirmation"] == "true"
    assert attributes["ConfirmationWasAuthenticated"] == "false"
    assert _counts(aws, topic) == ("1", "0", "0")


def test_nothing_is_sent_to_the_unconfirmed(aws: Any, topic: str, address: str) -> None:
    """Only the request for confirmation arrives."""
    _subscribe(aws, topic, address)
    aws.client("sns").publish(TopicArn=topic, Message="unheard")
    assert [mail["subject"] for mail in _mails(aws, address)] == [
        "AWS Notification - Subscription Confirmation"
    ]


def test_the_link_in_the_mail_confirms(aws: Any, topic: str, address: str) -> None:
    """Opened in a browser it answers with a page, and the subscription gets its ARN."""
    _subscribe(aws, topic, address)
    mail = _mails(aws, address)[0]
    assert mail["confirm_url"] in mail["text"]
    assert f"You have chosen to subscribe to the topic:\n{topic}\n" in mail["text"]
    page = requests.get(mail["confirm_url"], timeout=10)
    assert (page.status_code, "Subscription confirmed!" in page.text) == (200, True)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    [arn] = _subscriptions(aws, topic)
    assert arn in page.text
    assert _counts(aws, topic) == ("0", "1", "0")
    assert _mails(aws, address)[0]["confirm_url"] is None
    assert requests.get(mail["confirm_url"], timeout=10).status_code == 200


def test_the_api_confirms(aws: Any, topic: str, address: str) -> None:
    """ConfirmSubscription takes the token of the link, and no other."""
    _subscribe(aws, topic, address)
    token = _mails(aws, address)[0]["confirm_url"].rpartition("Token=")[2]
    sns = aws.client("sns")
    with pytest.raises(ClientError, match="Invalid parameter: Token") as wrong:
        sns.confirm_subscription(TopicArn=topic, Token="0" * 128)
    assert wrong.value.response["Error"]["Code"] == "InvalidParameter"
    with pytest.raises(ClientError, match="Topic does not exist") as nowhere:
        sns.confirm_subscription(TopicArn=f"{topic}-no", Token=token)
    assert nowhere.value.response["Error"]["Code"] == "NotFound"
    arn = sns.confirm_subscription(TopicArn=topic, Token=token)["SubscriptionArn"]
    assert _subscriptions(aws, topic) == [arn]


@pytest.mark.parametrize("query", ["", "TopicArn=x&Token=y", "TopicArn={topic}&Token=%C3%A9"])
def test_a_wrong_link_confirms_nothing(aws: Any, topic: str, address: str, query: str) -> None:
    """Nor does it fail."""
    _subscribe(aws, topic, address)
    url = f"{aws.server.url}/_tt-ops/confirm?{query.format(topic=topic)}"
    assert requests.get(url, timeout=10).status_code == 400
    assert _subscriptions(aws, topic) == ["PendingConfirmation"]


def test_looking_at_a_link_does_not_follow_it(aws: Any, topic: str, address: str) -> None:
    """HEAD confirms nothing."""
    _subscribe(aws, topic, address)
    requests.head(_mails(aws, address)[0]["confirm_url"], timeout=10)
    assert _subscriptions(aws, topic) == ["PendingConfirmation"]


def test_subscribing_again_asks_again(aws: Any, topic: str, address: str) -> None:
    """As long as it is pending; there is one subscription all the same."""
    for _ in range(2):
        _subscribe(aws, topic, address)
    assert len(_mails(aws, address)) == 2
    requests.get(_mails(aws, address)[0]["confirm_url"], timeout=10)
    assert _subscribe(aws, topic, address) == _subscriptions(aws, topic)[0]
    assert len(_mails(aws, address)) == 2


def test_a_notification_becomes_a_message(aws: Any, topic: str, address: str) -> None:
    """With SNS's sender, subject and footer; as a file it is a message that mail programs read."""
    _subscribe(aws, topic, address)
    requests.get(_mails(aws, address)[0]["confirm_url"], timeout=10)
    message = json.dumps({"default": "not this", "email": "Grüße"})
    aws.client("sns").publish(
        TopicArn=topic, Subject="Hear, hear", Message=message, MessageStructure="json"
    )
    mail = _mails(aws, address)[0]
    assert mail["sender"] == "AWS Notifications <no-reply@sns.amazonaws.com>"
    assert mail["subject"] == "Hear, hear"
    assert mail["text"].startswith("Grüße\n\n--\nIf you wish to stop receiving notifications")
    assert mail["confirm_url"] is None
    raw = requests.get(f"{aws.server.url}/_tt-ops/inbox/{mail['id']}.eml", timeout=10)
    assert raw.headers["content-type"] == "message/rfc822"
    read = email.message_from_bytes(raw.content, policy=email.policy.default)
    assert (read["From"], read["To"], read["Subject"]) == (mail["sender"], address, "Hear, hear")
    assert read["Message-ID"].endswith("@sns.amazonaws.com>")
    assert read["Date"].datetime.isoformat()[:19] == mail["sent_at"][:19]
    assert read.get_content().replace("\r\n", "\n") == mail["text"]


def test_a_message_without_subject_has_sns_own(aws: Any, topic: str, address: str) -> None:
    """The topic's display name is the sender's."""
    aws.client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="DisplayName", AttributeValue="Task Tracker"
    )
    _subscribe(aws, topic, address)
    requests.get(_mails(aws, address)[0]["confirm_url"], timeout=10)
    aws.client("sns").publish(TopicArn=topic, Message="x")
    mail = _mails(aws, address)[0]
    assert mail["subject"] == "AWS Notification Message"
    assert mail["sender"] == "Task Tracker <no-reply@sns.amazonaws.com>"


def test_email_json_is_json(aws: Any, topic: str, address: str) -> None:
    """The confirmation and the notification alike."""
    sns = aws.client("sns")
    sns.subscribe(TopicArn=topic, Protocol="email-json", Endpoint=address)
    request = json.loads(_mails(aws, address)[0]["text"])
    assert request["Type"] == "SubscriptionConfirmation"
    requests.get(request["SubscribeURL"], timeout=10)
    sns.publish(TopicArn=topic, Message="x", Subject="y")
    notification = json.loads(_mails(aws, address)[0]["text"])
    assert (notification["Type"], notification["Message"]) == ("Notification", "x")
    assert notification["Subject"] == "y"


def test_the_footer_unsubscribes(aws: Any, topic: str, address: str) -> None:
    """The link in a notification ends the subscription."""
    _subscribe(aws, topic, address)
    requests.get(_mails(aws, address)[0]["confirm_url"], timeout=10)
    aws.client("sns").publish(TopicArn=topic, Message="x")
    [link] = [line for line in _mails(aws, address)[0]["text"].splitlines() if "http://" in line]
    assert "Subscription removed!" in requests.get(link, timeout=10).text
    assert _subscriptions(aws, topic) == []
    assert _counts(aws, topic) == ("0", "0", "1")
    assert requests.get(link, timeout=10).status_code == 404


def test_a_pending_one_cannot_be_unsubscribed(aws: Any, topic: str, address: str) -> None:
    """SNS refuses; it goes with its topic."""
    arn = _subscribe(aws, topic, address, ReturnSubscriptionArn=True)
    with pytest.raises(ClientError, match="that is pending confirmation"):
        aws.client("sns").unsubscribe(SubscriptionArn=arn)


@pytest.mark.parametrize(
    "endpoint",
    [
        "nobody",
        "a@b\nBcc: c@d",
        "=?utf-8?q?=0D=0ABcc=3Ac?=@d",
        "a b@c",
        "a@b,c@d",
        "a@[",
        "a@",
    ],
)
def test_an_address_has_to_be_one(aws: Any, topic: str, endpoint: str) -> None:
    """SNS refuses what is none."""
    with pytest.raises(ClientError, match="Invalid parameter: Email address"):
        _subscribe(aws, topic, endpoint)


def test_an_address_may_have_any_letters(aws: Any, topic: str) -> None:
    """It gets its mail."""
    _subscribe(aws, topic, "grüße@example.com")
    assert len(_mails(aws, "grüße@example.com")) == 1


def test_the_inbox_is_bounded() -> None:
    """The newest stay, and keep their numbers."""
    mailbox = Mailbox(kept=2)
    for number in range(5):
        mailbox.post(Letter("a@example.com", f"subject\n{number}", "text"))
    assert [mail.id for mail in mailbox.mails()] == [5, 4]
    assert mailbox.find(1) is None
    assert b"Subject: subject 4\r\n" in mailbox.mails()[0].content


@pytest.mark.parametrize("word", ["=?utf-8?q?=0D=0ABcc:_c=40d?=", "=?utf-8?b?/w==?="])
def test_an_encoded_word_is_not_decoded(word: str) -> None:
    """It could hold a line break, and with it another header, or no text at all."""
    content = Mailbox().post(Letter("a@example.com", f"{word} é", "text", sender_name=word)).content
    read = email.message_from_bytes(content, policy=email.policy.default)
    assert read["Subject"] == f"{word} é".replace("=?", "= ?")
    assert read["From"].addresses[0].addr_spec == "no-reply@sns.amazonaws.com"
    assert read["Bcc"] is None


def test_a_failing_endpoint_spoils_it_for_no_other(aws: Any, topic: str, address: str) -> None:
    """Publishing succeeds, and the mail arrives."""
    sns = aws.client("sns")
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://127.0.0.1:9/nobody")
    _subscribe(aws, topic, address)
    requests.get(_mails(aws, address)[0]["confirm_url"], timeout=10)
    sns.publish(TopicArn=topic, Message="heard")
    assert _mails(aws, address)[0]["text"].startswith("heard")


@pytest.mark.parametrize("path", ["inbox/0.eml", "inbox/99999999999999999999.eml", "inbox/x"])
def test_what_is_not_in_the_inbox_is_not_found(aws: Any, path: str) -> None:
    """There is an answer to that."""
    assert requests.get(f"{aws.server.url}/_tt-ops/{path}", timeout=5).status_code == 404


def test_another_sites_page_reads_no_mail(aws: Any) -> None:
    """The inbox is as closed as the rest."""
    headers = {"Origin": "https://evil.example"}
    url = f"{aws.server.url}/_tt-ops/inbox"
    assert requests.get(url, headers=headers, timeout=5).status_code == 403


def test_the_console_shows_mail_and_status(aws: Any, topic: str, address: str) -> None:
    """Escaped, and with what is pending."""
    _subscribe(aws, topic, address)
    url = f"{aws.server.url}/_tt-ops/"
    assert f"<td>email: {address}</td><td>pending confirmation</td>" in requests.get(url).text
    requests.get(_mails(aws, address)[0]["confirm_url"], timeout=10)
    aws.client("sns").publish(TopicArn=topic, Message="<script>alert(2)</script>")
    page = requests.get(url).text
    assert f"<td>email: {address}</td><td>confirmed</td>" in page
    assert "&lt;script&gt;alert(2)" in page
    assert "<script>" not in page
