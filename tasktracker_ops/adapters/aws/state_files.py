"""The state files in the state bucket: their versions, their delete markers and their digests."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.state import State, StateInvalid, StateObject

from .session import AwsError, AwsNotFound, AwsSession, aws_errors

# S3's answers to a conditional write that lost.
_CONFLICTS = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


@dataclass(frozen=True)
class StateFile:
    """The content of one version of a state file."""

    key: str
    version_id: str
    etag: str
    content: bytes

    @property
    def digest(self) -> str:
        """Return the MD5 that Terraform expects in the lock table, in hexadecimal."""
        return hashlib.md5(self.content, usedforsecurity=False).hexdigest()

    @cached_property
    def state(self) -> State:
        """Return the state in the file. Raises StateInvalid."""
        return State.parse(self.content)

    @property
    def invalid(self) -> StateInvalid | None:
        """Return what is wrong with the content; None for a state."""
        try:
            _ = self.state
        except StateInvalid as error:
            return error
        return None


class StateFiles:
    """Reads and writes Terraform's states in S3, and their digests in DynamoDB.

    Terraform's S3 backend keeps the MD5 of the object KEY in the item `BUCKET/KEY-md5`, and refuses
    an object with another one.
    https://developer.hashicorp.com/terraform/language/backend/s3
    """

    def __init__(self, session: AwsSession, *, bucket: str, lock_table: str) -> None:
        self._session = session
        self.bucket = bucket
        self.lock_table = lock_table

    def read(self, key: str) -> State | None:
        """Return the current state; None where there is no object.

        Raises TtOpsError `state-corrupted` for an object that is no state.
        """
        file = self.valid(key)
        return None if file is None else file.state

    def valid(self, key: str) -> StateFile | None:
        """Return the current object as `current` does. Raises TtOpsError `state-corrupted`."""
        file = self.current(key)
        if file is not None and (reason := file.invalid):
            raise TtOpsError(
                "state-corrupted",
                f"the state {key!r} in the bucket {self.bucket!r} cannot be read: {reason}",
                hint="repair it: tt-ops state repair",
            )
        return file

    def current(self, key: str) -> StateFile | None:
        """Return the current object; None where there is none, or a delete marker."""
        return self._get(key, {})

    def version(self, key: str, version_id: str) -> StateFile | None:
        """Return one version of the object; None where there is no such version."""
        return self._get(key, {"VersionId": version_id})

    def _get(self, key: str, version: dict[str, str]) -> StateFile | None:
        with suppress(AwsNotFound), aws_errors(f"reading {key!r} from {self.bucket!r}"):
            answer = self._s3.get_object(Bucket=self.bucket, Key=key, **version)
            content = answer["Body"].read()
            return StateFile(key, answer.get("VersionId", "null"), answer["ETag"], content)
        return None

    def versions(self, key: str) -> tuple[StateObject, ...]:
        """Return all versions and delete markers of the object, the newest first."""
        found: list[tuple[Any, StateObject]] = []
        pages = self._s3.get_paginator("list_object_versions")
        with aws_errors(f"listing the versions of {key!r} in {self.bucket!r}"):
            # Keys are in order, and no key with this prefix comes before it.
            for page in pages.paginate(Bucket=self.bucket, Prefix=key):
                items = [*page.get("DeleteMarkers", ()), *page.get("Versions", ())]
                own = [item for item in items if item["Key"] == key]
                found += [(item["LastModified"], _object(item)) for item in own]
                if len(own) < len(items):
                    break
        # S3's times are full seconds, and its two lists are apart: within a second only the current
        # one is known.
        found.sort(key=lambda pair: (pair[1].current, pair[0]), reverse=True)
        return tuple(each for _, each in found)

    def write(self, key: str, content: bytes, *, instead_of: StateFile | None) -> StateFile:
        """Replace the object, and then its digest, as Terraform does.

        Raises TtOpsError `state-changed` unless the current object is `instead_of`.
        """
        condition = {"IfMatch": instead_of.etag} if instead_of else {"IfNoneMatch": "*"}
        try:
            with aws_errors(f"writing {key!r} to {self.bucket!r}"):
                answer = self._s3.put_object(
                    Bucket=self.bucket,
                    Key=key,
                    Body=content,
                    ContentType="application/json",
                    ServerSideEncryption="AES256",
                    **condition,
                )
        except AwsError as error:
            if error.aws_code not in _CONFLICTS:
                raise
            raise TtOpsError(
                "state-changed",
                f"another run has written the state {key!r} in the meantime; nothing was changed",
                hint="look at it again: tt-ops state versions",
            ) from None
        file = StateFile(key, answer.get("VersionId", "null"), answer["ETag"], content)
        self.write_digest(key, file.digest)
        return file

    def set_aside(self, key: str) -> None:
        """Delete the current object; in a versioned bucket it stays as a version."""
        with aws_errors(f"deleting {key!r} in {self.bucket!r}"):
            self._s3.delete_object(Bucket=self.bucket, Key=key)

    def digest(self, key: str) -> str | None:
        """Return the digest that Terraform expects; None where there is none."""
        with aws_errors(f"reading the lock table {self.lock_table!r}"):
            answer = self._dynamodb.get_item(
                TableName=self.lock_table, Key=self._digest_key(key), ConsistentRead=True
            )
        return str(answer["Item"].get("Digest", {}).get("S", "")) if "Item" in answer else None

    def write_digest(self, key: str, digest: str) -> None:
        """Set the digest that Terraform expects."""
        with aws_errors(f"writing the digest of {key!r} to {self.lock_table!r}"):
            self._dynamodb.put_item(
                TableName=self.lock_table, Item={**self._digest_key(key), "Digest": {"S": digest}}
            )

    def delete_digest(self, key: str) -> None:
        """Remove the digest, as for a state that does not exist."""
        with aws_errors(f"deleting the digest of {key!r} from {self.lock_table!r}"):
            self._dynamodb.delete_item(TableName=self.lock_table, Key=self._digest_key(key))

    def _digest_key(self, key: str) -> dict[str, Any]:
        return {"LockID": {"S": f"{self.bucket}/{key}-md5"}}

    @property
    def _s3(self) -> Any:
        return self._session.client("s3")

    @property
    def _dynamodb(self) -> Any:
        return self._session.client("dynamodb")


def _object(item: dict[str, Any]) -> StateObject:
    return StateObject(
        version_id=item["VersionId"],
        at=item["LastModified"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        size=item.get("Size", 0),
        current=item["IsLatest"],
        delete_marker="Size" not in item,
    )
