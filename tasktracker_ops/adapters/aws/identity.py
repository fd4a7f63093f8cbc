"""The principal that the credentials belong to, and the time by AWS's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from .session import AwsSession, aws_errors


@dataclass(frozen=True, slots=True)
class Caller:
    """The principal of the credentials: its account and its ARN."""

    account: str
    arn: str

    @property
    def is_root(self) -> bool:
        """Return whether it is the account's root user."""
        return self.arn.endswith(":root")

    @property
    def policy_source(self) -> str:
        """Return the ARN of the user or role whose policies apply."""
        session, _, role = self.arn.partition(":assumed-role/")
        if not role:
            return self.arn
        return f"{session.replace(':sts:', ':iam:')}:role/{role.partition('/')[0]}"


def caller(session: AwsSession) -> Caller:
    """Return the principal of the credentials."""
    with aws_errors("reading whom the credentials belong to"):
        answer = session.client("sts").get_caller_identity()
    return Caller(str(answer["Account"]), str(answer["Arn"]))


def server_time(session: AwsSession) -> datetime | None:
    """Return the time by AWS's clock, which an unsigned request gets as well; None without one."""
    import requests

    from tasktracker_ops.adapters.host.http_session import http_session

    with aws_errors("creating the sts client"):
        url = str(session.client("sts").meta.endpoint_url)
    try:
        answer = http_session(url).get(url, timeout=5, allow_redirects=False)
        return parsedate_to_datetime(answer.headers["Date"])
    except (requests.RequestException, KeyError, ValueError):
        return None
