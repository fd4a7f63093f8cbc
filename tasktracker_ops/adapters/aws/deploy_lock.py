"""The deploy lock: one object beside the state, written on conditions, and the queue for it.

Each heartbeat writes another content, so that an ETag names one heartbeat: to take over a dead lock
by its ETag fails if its holder has written since. Times are compared only as AWS gives them:
the LastModified of an object, and the Date of the response that lists it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from tasktracker_ops.errors import TtOpsError, quoted
from tasktracker_ops.models.lock import DeployLock, LockQueue, StoredLock, Ticket

from .session import (
    CONDITION_FAILED,
    CONNECTION_HINT,
    AwsError,
    AwsNotFound,
    AwsSession,
    aws_errors,
)


def lock_key(state_key: str) -> str:
    """Return the key of the deploy lock of a state."""
    return f"{state_key}.deploy"


def waiting_prefix(state_key: str) -> str:
    """Return what the keys of the runs that wait for the deploy lock of a state begin with."""
    return f"{state_key}.deploy.waiting/"


class DeployLocks:
    """The deploy lock of one state, and the tickets of those who wait for it."""

    def __init__(self, session: AwsSession, *, bucket: str, state_key: str) -> None:
        self._session = session
        self._bucket = bucket
        self._key = lock_key(state_key)
        self._waiting = waiting_prefix(state_key)

    def queue(self) -> LockQueue:
        """Return who holds the lock, and who waits for it."""
        with self._errors("reading"):
            # One request for both, whose response has the time that both are compared with.
            answer = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=self._key)
        now = _date(answer)
        found = {item["Key"]: item for item in answer.get("Contents", ())}
        ages = {key: (now - item["LastModified"]).total_seconds() for key, item in found.items()}
        holder = None
        if self._key in found and (held := self._read(self._key)) is not None:
            lock, etag = held
            # It had a heartbeat in the meantime.
            age = ages[self._key] if etag == found[self._key]["ETag"] else 0.0
            holder = StoredLock(lock, etag, age)
        tickets = (Ticket(key, ages[key]) for key in sorted(found) if key.startswith(self._waiting))
        return LockQueue(now.astimezone(UTC).isoformat(), holder, tuple(tickets))

    def take(self, lock: DeployLock) -> str | None:
        """Create the lock if there is none; return its ETag, or None while another is held."""
        return self._put(lock, IfNoneMatch="*")

    def replace(self, lock: DeployLock, etag: str) -> str | None:
        """Replace the lock that has this ETag; return the new one, or None if it has changed."""
        return self._put(lock, IfMatch=etag)

    def _put(self, lock: DeployLock, **condition: str) -> str | None:
        content = _content(lock)
        try:
            with self._errors("writing"):
                answer = self._s3.put_object(
                    Bucket=self._bucket, Key=self._key, Body=content, **condition
                )
        except AwsError as error:
            if error.aws_code not in CONDITION_FAILED and not isinstance(error, AwsNotFound):
                raise
            if error.aws_code == "NoSuchBucket":
                raise
            held = self._read(self._key)
            if held is None or held[0].id != lock.id:
                return None
            # A write of ours, whose answer was lost. An older one is replaced.
            if held[0] == lock:
                return held[1]
            if condition == {"IfMatch": held[1]}:
                raise  # S3 refuses what it has just shown
            return self._put(lock, IfMatch=held[1])
        return str(answer["ETag"])

    def release(self, etag: str) -> bool:
        """Delete the lock that has this ETag; return False if it has changed."""
        try:
            with self._errors("deleting"):
                self._s3.delete_object(Bucket=self._bucket, Key=self._key, IfMatch=etag)
        except AwsNotFound:
            return True
        except AwsError as error:
            if error.aws_code not in CONDITION_FAILED:
                raise
            return False
        return True

    def wait(self, key: str, lock: DeployLock) -> None:
        """Write a ticket, or its next heartbeat."""
        with self._errors("waiting for"):
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=_content(lock))

    def ticket_key(self, now: str, lock_id: str) -> str:
        """Return the key of a ticket of somebody who arrived at `now`; keys sort by arrival."""
        arrived = datetime.fromisoformat(now).strftime("%Y%m%dT%H%M%SZ")
        return f"{self._waiting}{arrived}-{lock_id}"

    def ticket(self, key: str) -> DeployLock | None:
        """Return who holds a ticket; None if it does not exist any more."""
        found = self._read(key)
        return found[0] if found is not None else None

    def remove_ticket(self, key: str) -> None:
        """Delete a ticket, if it exists."""
        with self._errors("waiting for"):
            self._s3.delete_object(Bucket=self._bucket, Key=key)

    def _read(self, key: str) -> tuple[DeployLock, str] | None:
        try:
            with self._errors("reading"):
                answer = self._s3.get_object(Bucket=self._bucket, Key=key)
                content = answer["Body"].read()
        except AwsNotFound:
            return None
        return _lock(content), str(answer["ETag"])

    def _errors(self, verb: str) -> AbstractContextManager[None]:
        return aws_errors(f"{verb} the deploy lock in {self._bucket!r}")

    @property
    def _s3(self) -> Any:
        return self._session.client("s3")


def _content(lock: DeployLock) -> bytes:
    return json.dumps(lock.to_json()).encode()


def _date(answer: Mapping[str, Any]) -> datetime:
    """Return AWS's time. Raises TtOpsError where something on the way has removed it."""
    header = answer["ResponseMetadata"]["HTTPHeaders"].get("date", "")
    try:
        return parsedate_to_datetime(header).replace(tzinfo=UTC)
    except (TypeError, ValueError):
        raise TtOpsError(
            "aws-unreachable",
            f"the answer of S3 has no valid date ({quoted(header)}), so it is not known whether a "
            "lock is dead",
            hint=CONNECTION_HINT,
        ) from None


def _lock(content: bytes) -> DeployLock:
    """Read a lock; one that is no JSON of ours belongs to nobody, and dies without a heartbeat."""
    try:
        return DeployLock.from_json(json.loads(content))
    except (ValueError, KeyError, TypeError, AttributeError):
        return DeployLock(
            id="unknown", who="unknown", host="", command="deploy", since="", clock=""
        )
