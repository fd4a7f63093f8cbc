"""The quotas of the account that limit the service."""

from __future__ import annotations

from .session import AwsSession, aws_errors


def function_concurrency(session: AwsSession) -> int:
    """Return how many invocations run at once at most, of functions that reserve none."""
    with aws_errors("reading the quotas of Lambda"):
        answer = session.client("lambda").get_account_settings()
    return int(answer["AccountLimit"]["UnreservedConcurrentExecutions"])


def api_rate(session: AwsSession) -> float:
    """Return how many requests a second all APIs of the account and region accept together."""
    with aws_errors("reading the quotas of API Gateway"):
        answer = session.client("apigateway").get_account()
    return float(answer["throttleSettings"]["rateLimit"])
