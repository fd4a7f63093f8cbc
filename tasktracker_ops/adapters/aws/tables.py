"""The task table, as far as its protection goes."""

from __future__ import annotations

import time
from typing import Any

from tasktracker_ops.errors import SAME_COMMAND, TtOpsError

from .session import AwsNotFound, AwsSession, aws_errors

# Seconds that a table may take until it has changed: DynamoDB does it in its own time.
_PATIENCE = 120.0
_PAUSE = 1.0


class Tables:
    """DynamoDB tables by name."""

    def __init__(self, session: AwsSession, *, patience: float = _PATIENCE) -> None:
        """`patience` is in seconds."""
        self._session = session
        self._patience = patience

    def allow_deletion(self, name: str) -> None:
        """Take the deletion protection off `name`, and wait until the table can be deleted.

        Nothing happens where there is no such table. Raises TtOpsError `table-busy`.
        """
        deadline = time.monotonic() + self._patience
        asked = False
        while (table := self._describe(name)) is not None:
            active = table["TableStatus"] == "ACTIVE"
            protected = table.get("DeletionProtectionEnabled", False)
            if active and not protected:
                return
            if active and not asked:
                self._unprotect(name)
                asked = True
                continue
            if time.monotonic() >= deadline:
                raise TtOpsError(
                    "table-busy",
                    f"the table {name!r} is {table['TableStatus']} after {self._patience:.0f} s, "
                    "and cannot be deleted yet: nothing was",
                    hint=f"try again in a while: {SAME_COMMAND}",
                )
            time.sleep(_PAUSE)

    def _describe(self, name: str) -> dict[str, Any] | None:
        try:
            with aws_errors(f"looking at the table {name!r}"):
                answer = self._session.client("dynamodb").describe_table(TableName=name)
        except AwsNotFound:
            return None
        table: dict[str, Any] = answer["Table"]
        return table

    def _unprotect(self, name: str) -> None:
        with aws_errors(f"unprotecting the table {name!r}"):
            self._session.client("dynamodb").update_table(
                TableName=name, DeletionProtectionEnabled=False
            )
