"""The deletion protection of DynamoDB tables."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from tasktracker_ops.errors import SAME_COMMAND, TtOpsError

from .session import AwsNotFound, AwsSession, aws_errors

# Seconds for the whole change, and between two reads of the table.
_PATIENCE = 120.0
_PAUSE = 1.0


class Tables:
    """DynamoDB tables by name."""

    def __init__(self, session: AwsSession, *, patience: float = _PATIENCE) -> None:
        """`patience` is in seconds."""
        self._session = session
        self._patience = patience

    def allow_deletion(self, name: str) -> None:
        """Turn off the deletion protection of `name`, and wait until the table can be deleted.

        Without such a table, do nothing. Raises TtOpsError `table-busy`.
        """
        deadline = time.monotonic() + self._patience
        is_requested = False
        while (table := self._describe(name)) is not None:
            is_active = table["TableStatus"] == "ACTIVE"
            is_protected = table.get("DeletionProtectionEnabled", False)
            if is_active and not is_protected:
                return
            if is_active and not is_requested:
                self._turn_off_protection(name)
                is_requested = True
                continue
            if time.monotonic() >= deadline:
                raise TtOpsError(
                    "table-busy",
                    f"the table {name!r} is still {table['TableStatus']} after "
                    f"{self._patience:.0f} s and cannot be deleted yet; nothing was deleted",
                    hint=f"try again in a few minutes: {SAME_COMMAND}",
                )
            time.sleep(_PAUSE)

    def is_protected(self, name: str) -> bool:
        """Return whether there is such a table, and it is protected from deletion."""
        table = self._describe(name)
        return table is not None and bool(table.get("DeletionProtectionEnabled", False))

    def _describe(self, name: str) -> dict[str, Any] | None:
        with suppress(AwsNotFound), aws_errors(f"reading the table {name!r}"):
            answer = self._session.client("dynamodb").describe_table(TableName=name)
            table: dict[str, Any] = answer["Table"]
            return table
        return None

    def _turn_off_protection(self, name: str) -> None:
        with aws_errors(f"turning off the deletion protection of the table {name!r}"):
            self._session.client("dynamodb").update_table(
                TableName=name, DeletionProtectionEnabled=False
            )
