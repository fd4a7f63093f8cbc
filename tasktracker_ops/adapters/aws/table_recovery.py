"""A table's point-in-time recovery, and the table that it is restored into.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery.html
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.task_recovery import RecoveryWindow

from .session import AwsError, AwsNotFound, AwsSession, aws_errors

# No environment has a dot in its name: this is no other one's table.
_SUFFIX = ".recovery"
_BUSY = "ResourceInUseException"


class TableRecovery:
    """Restores a table into another one, of which there is one at a time."""

    def __init__(self, session: AwsSession, table: str) -> None:
        self._session = session
        self.table = table
        self.restored = table + _SUFFIX

    def window(self) -> RecoveryWindow | None:
        """Return the times that the table can be restored to, by the second as DynamoDB restores.

        None if its recovery is off.
        """
        with aws_errors(f"reading the recovery window of the table {self.table!r}"):
            answer = self._client.describe_continuous_backups(TableName=self.table)
        described = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
        if described.get("PointInTimeRecoveryStatus") != "ENABLED":
            return None
        earliest, latest = (described[f"{end}RestorableDateTime"] for end in ("Earliest", "Latest"))
        rounded_up = earliest + timedelta(microseconds=-earliest.microsecond % 1_000_000)
        return RecoveryWindow(rounded_up, latest.replace(microsecond=0))

    def restore(self, at: datetime) -> None:
        """Begin to restore the table as of a time; lists of the restored one are not needed."""
        with aws_errors(f"restoring the table {self.table!r} into {self.restored!r}"):
            self._client.restore_table_to_point_in_time(
                SourceTableName=self.table,
                TargetTableName=self.restored,
                RestoreDateTime=at,
                BillingModeOverride="PAY_PER_REQUEST",
                GlobalSecondaryIndexOverride=[],
            )

    def status(self) -> str | None:
        """Return the status of the restored table, such as CREATING; None if there is none.

        Raises TtOpsError `recovery-table-unexpected` for a table that was not restored from ours.
        """
        try:
            with aws_errors(f"reading the table {self.restored!r}"):
                table = self._client.describe_table(TableName=self.restored)["Table"]
        except AwsNotFound:
            return None
        source = table.get("RestoreSummary", {}).get("SourceTableArn", "")
        if source.rpartition("/")[2] != self.table:
            raise TtOpsError(
                "recovery-table-unexpected",
                f"there is a table {self.restored!r} that was not restored from {self.table!r}, "
                "so tt-ops does not touch it",
                hint="look at it, and rename or delete it: aws dynamodb describe-table "
                f"--table-name {self.restored}",
            )
        return str(table["TableStatus"])

    def delete(self) -> bool:
        """Delete the restored table; return False if it cannot be deleted yet."""
        try:
            with aws_errors(f"deleting the table {self.restored!r}"):
                self._client.delete_table(TableName=self.restored)
        except AwsNotFound:
            return True
        except AwsError as error:
            if error.aws_code != _BUSY:
                raise
            return False
        return True

    @property
    def _client(self) -> Any:
        return self._session.client("dynamodb")
