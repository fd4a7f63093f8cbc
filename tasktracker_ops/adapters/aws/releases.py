"""The records of releases: one object for each beside the state, which nothing deletes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.release import ReleaseRecord

from .session import CONDITION_FAILED, AwsError, AwsNotFound, AwsSession, aws_errors

# As many as botocore keeps connections.
_READERS = 10


def releases_prefix(state_key: str) -> str:
    """Return what the keys of the records of a deployment's releases begin with."""
    return f"{state_key}.releases/"


class ReleaseRecords:
    """Reads and writes the records of one deployment's releases."""

    def __init__(self, session: AwsSession, *, bucket: str, state_key: str) -> None:
        self._session = session
        self._bucket = bucket
        self._prefix = releases_prefix(state_key)

    def read(self, release: int) -> ReleaseRecord | None:
        """Return the record of a release; None where there is none.

        Raises TtOpsError `release-unreadable` for an object that is no record.
        """
        found = self._read(release)
        return None if found is None else found[0]

    def _read(self, release: int) -> tuple[ReleaseRecord, str] | None:
        """Return a record with its ETag."""
        key = self._key(release)
        try:
            with aws_errors(f"reading {key!r} from {self._bucket!r}"):
                answer = self._s3.get_object(Bucket=self._bucket, Key=key)
                content = answer["Body"].read()
        except AwsNotFound as error:
            if error.aws_code == "NoSuchBucket":
                raise
            return None
        try:
            return ReleaseRecord.from_json(json.loads(content)), str(answer["ETag"])
        except (KeyError, TypeError, ValueError) as error:
            raise TtOpsError(
                "release-unreadable",
                f"the object {key!r} in the bucket {self._bucket!r} is no record of a release: "
                f"{error}",
                hint=f"remove it, and deploy again: aws s3 rm s3://{self._bucket}/{key}",
            ) from error

    def releases(self) -> tuple[int, ...]:
        """Return the releases that have a record, in order."""
        pages = self._s3.get_paginator("list_objects_v2")
        with aws_errors(f"listing {self._prefix!r} in {self._bucket!r}"):
            keys = [
                each["Key"].removeprefix(self._prefix)
                for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix)
                for each in page.get("Contents", ())
            ]
        return tuple(sorted(int(key[:-5]) for key in keys if re.fullmatch(r"\d+\.json", key)))

    def read_all(self, releases: Iterable[int]) -> dict[int, ReleaseRecord]:
        """Return the records that there are of some releases, which are read in parallel."""
        with ThreadPoolExecutor(_READERS) as pool:
            records = pool.map(self.read, releases)
            return {record.release: record for record in records if record is not None}

    def write(self, record: ReleaseRecord) -> None:
        """Store the record of a release."""
        self._put(record)

    def update(
        self, release: int, change: Callable[[ReleaseRecord], ReleaseRecord]
    ) -> ReleaseRecord | None:
        """Change the newest record of a release, which others may change at the same time.

        Returns the record as it is then; None where there is none.
        """
        written: ReleaseRecord | None = None
        while (found := self._read(release)) is not None and found[0] != written:
            written = change(found[0])
            try:
                self._put(written, IfMatch=found[1])
            except AwsError as error:
                # Somebody was faster, or the answer to our own write was lost.
                if error.aws_code not in CONDITION_FAILED:
                    raise
            else:
                break
        return None if found is None else written

    def _put(self, record: ReleaseRecord, **condition: str) -> None:
        key = self._key(record.release)
        content = json.dumps(record.to_json(), indent=1).encode()
        with aws_errors(f"writing {key!r} to {self._bucket!r}"):
            self._s3.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=content,
                ContentType="application/json",
                **condition,
            )

    def _key(self, release: int) -> str:
        return f"{self._prefix}{release:06}.json"

    @property
    def _s3(self) -> Any:
        return self._session.client("s3")
