"""Terraform's two locks of one state: an object in S3 and an item in DynamoDB.

Either excludes other runs of Terraform, and each is removed only as it was read.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.lock import TerraformLock

from .session import AwsError, AwsNotFound, AwsSession, aws_errors

_CHANGED = {"PreconditionFailed", "ConditionalRequestConflict", "ConditionalCheckFailedException"}
_ATTEMPTS = 5


class TerraformLocks:
    """The two locks of one state."""

    def __init__(self, session: AwsSession, *, bucket: str, table: str, state_key: str) -> None:
        self._session = session
        self._file = {"Bucket": bucket, "Key": f"{state_key}.tflock"}
        self._item = {"TableName": table, "Key": {"LockID": {"S": f"{bucket}/{state_key}"}}}

    def lock(self) -> TerraformLock:
        """Return the lock that is held, from either place; unknown where access is denied."""
        try:
            locks = self.held()
        except TtOpsError:
            return TerraformLock(held=None)
        return locks[0] if locks else TerraformLock(held=False)

    def held(self) -> tuple[TerraformLock, ...]:
        """Return the locks that are held: none, one, or two if another run holds each place."""
        found = (self._read_item(), self._read_file())
        return tuple(dict.fromkeys(_lock(each[0]) for each in found if each is not None))

    def remove(self, of: Callable[[TerraformLock], bool]) -> tuple[TerraformLock, ...]:
        """Remove the locks that `of` accepts; return those that it removed.

        Both places are read again until neither holds such a lock. Raises TtOpsError
        `lock-not-released` for one that stays.
        """
        removed: list[TerraformLock] = []
        for _ in range(_ATTEMPTS):
            item, file = self._read_item(), self._read_file()
            held = [_lock(each[0]) for each in (item, file) if each is not None]
            if not any(map(of, held)):
                return tuple(dict.fromkeys(removed))
            if item is not None and of(lock := _lock(item[0])):
                self._delete_item(item[1])
                removed.append(lock)
            if file is not None and of(lock := _lock(file[0])):
                self._delete_file(file[1])
                removed.append(lock)
        raise TtOpsError(
            "lock-not-released",
            f"the lock of Terraform in {self._file['Bucket']!r} cannot be removed: "
            f"it is held again by {held[0].who or 'an unknown run'}",
            hint="see who holds it: tt-ops status",
        )

    def _read_item(self) -> tuple[str, str | None] | None:
        """Return what the holder wrote, and the same as it is stored, if the item exists."""
        with self._errors("reading"):
            answer = self._dynamodb.get_item(**self._item, ConsistentRead=True)
        if "Item" not in answer:
            return None
        info = answer["Item"].get("Info", {}).get("S")
        return str(info or ""), info

    def _read_file(self) -> tuple[str, str] | None:
        """Return what the holder wrote, and the ETag, if the object exists."""
        try:
            with self._errors("reading"):
                answer = self._s3.get_object(**self._file)
                return str(answer["Body"].read().decode(errors="replace")), str(answer["ETag"])
        except AwsNotFound as error:
            if error.aws_code != "NoSuchKey":
                raise
            return None

    def _delete_item(self, info: str | None) -> None:
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(Info)"}
        if info is not None:
            condition = {
                "ConditionExpression": "Info = :info",
                "ExpressionAttributeValues": {":info": {"S": info}},
            }
        self._unless_changed(lambda: self._dynamodb.delete_item(**self._item, **condition))

    def _delete_file(self, etag: str) -> None:
        self._unless_changed(lambda: self._s3.delete_object(**self._file, IfMatch=etag))

    def _unless_changed(self, delete: Callable[[], object]) -> None:
        """Delete a lock; one that has changed or is gone is read again by the caller."""
        try:
            with self._errors("removing"):
                delete()
        except AwsNotFound:
            pass
        except AwsError as error:
            if error.aws_code not in _CHANGED:
                raise

    def _errors(self, verb: str) -> AbstractContextManager[None]:
        return aws_errors(f"{verb} the lock of Terraform in {self._file['Bucket']!r}")

    @property
    def _s3(self) -> Any:
        return self._session.client("s3")

    @property
    def _dynamodb(self) -> Any:
        return self._session.client("dynamodb")


def _lock(text: str) -> TerraformLock:
    """Read a lock that is held, as its holder wrote it."""
    try:
        fields = {name: str(value) for name, value in json.loads(text).items() if value}
    except (ValueError, AttributeError):
        return TerraformLock(held=True)
    return TerraformLock(
        held=True,
        id=fields.get("ID"),
        who=fields.get("Who"),
        operation=fields.get("Operation", "").removeprefix("OperationType").lower() or None,
        since=fields.get("Created"),
    )
