"""The task table, as far as its protection goes."""

from __future__ import annotations

from .session import AwsError, AwsSession, aws_errors


class Tables:
    """DynamoDB tables by name."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def allow_deletion(self, name: str) -> None:
        """Take the deletion protection off `name`; nothing happens where there is no such table."""
        try:
            with aws_errors(f"unprotecting the table {name!r}"):
                self._session.client("dynamodb").update_table(
                    TableName=name, DeletionProtectionEnabled=False
                )
        except AwsError as error:
            if error.aws_code != "ResourceNotFoundException":
                raise
