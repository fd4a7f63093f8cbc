"""Mail reaches an SMTP server of the user's as well."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from email.header import decode_header, make_header
from email.message import EmailMessage
from typing import Any

import pytest
import requests
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

from tasktracker_ops.errors import TtOpsError

Eventually = Callable[[Callable[[], bool]], None]
Start = Callable[..., Any]


class Received(Message):  # type: ignore[misc]
    """Keeps what arrives."""

    def __init__(self) -> None:
        super().__init__(EmailMessage)
        self.messages: list[Any] = []

    def handle_message(self, message: Any) -> None:
        """Keep a message."""
        self.messages.append(message)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def received() -> Iterator[tuple[Received, str]]:
    """A real SMTP server on this machine, and its address."""
    handler, port = Received(), _free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, f"127.0.0.1:{port}"
    controller.stop()


def test_each_message_is_delivered(
    aws_in: Start, received: tuple[Received, str], eventually: Eventually
) -> None:
    """The same message as in the inbox, to the address it is for."""
    handler, address = received
    aws = aws_in(smtp=address)
    sns = aws.client("sns")
    topic = sns.create_topic(Name="mailed")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="me@example.com")
    requests.get(_inbox(aws)[0]["confirm_url"], timeout=10)
    sns.publish(TopicArn=topic, Subject="Grüße", Message="schön")
    eventually(lambda: len(handler.messages) == 2)
    message = handler.messages[1]
    assert message["X-RcptTo"] == "me@example.com"
    assert message["X-MailFrom"] == "no-reply@sns.amazonaws.com"
    assert str(make_header(decode_header(message["Subject"]))) == "Grüße"
    assert "schön" in message.get_payload(decode=True).decode()
    assert _relay(aws) == {"address": address, "failure": None}


def test_a_server_that_is_not_there_does_no_harm(aws_in: Start, eventually: Eventually) -> None:
    """The inbox has the message and the failure, which the log has too."""
    address = f"127.0.0.1:{_free_port()}"
    aws = aws_in(smtp=address)
    eventually(lambda: _relay(aws)["failure"] is not None)
    assert _relay(aws)["address"] == address
    assert "Connection refused" in _relay(aws)["failure"]
    topic = aws.client("sns").create_topic(Name="mailed")["TopicArn"]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="me@example.com")
    assert len(_inbox(aws)) == 1
    eventually(lambda: "takes no mail" in aws.server.log_path.read_text())


def test_another_server_than_it_was_started_with(aws_in: Start) -> None:
    """One that runs already does not change where it delivers to."""
    aws_in(smtp="127.0.0.1:1025")
    aws_in()
    aws_in(smtp="127.0.0.1:1025")
    with pytest.raises(TtOpsError, match=r"does not deliver mail to '127\.0\.0\.1:1026'"):
        aws_in(smtp="127.0.0.1:1026")


def _inbox(aws: Any) -> list[dict[str, Any]]:
    return list(_content(aws)["mails"])


def _relay(aws: Any) -> Any:
    return _content(aws)["relay"]


def _content(aws: Any) -> Any:
    return requests.get(f"{aws.server.url}/_tt-ops/inbox", timeout=10).json()
