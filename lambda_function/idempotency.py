"""Idempotency-Key: a repeated POST gets the response of the first one.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

import hashlib
import json
import re
import time
from dataclasses import dataclass

from problems import IdempotencyKeyReused, InvalidIdempotencyKey
from tasks import Task, known_fields

RETENTION = 24 * 60 * 60  # seconds
RECORD_PREFIX = "idempotency#"  # no task id has a "#", so no path reaches a record

_KEY = re.compile(r"[ -~]{1,255}")


@dataclass(frozen=True, slots=True)
class Record:
    """The first response to a key; ``expires_at`` is in seconds since 1970."""

    record_id: str
    fingerprint: str
    answer: str
    expires_at: int

    def replay(self, repeated: "Record") -> Task:
        """Return the task as it was first created.

        Raise ``IdempotencyKeyReused`` if ``repeated`` is of another body.
        """
        if self.fingerprint != repeated.fingerprint:
            raise IdempotencyKeyReused("Use a new Idempotency-Key for another task.")
        return Task(**known_fields(json.loads(self.answer)))


def new_record(key: str, task: Task) -> Record:
    """Return the record of a key and the task made for it; raise ``InvalidIdempotencyKey``."""
    if not _KEY.fullmatch(key):
        raise InvalidIdempotencyKey("It must have 1 to 255 printable ASCII characters.")
    # Without fields at their defaults, so that a version with more fields has the same fingerprint.
    content = json.dumps(task.content(), sort_keys=True)
    return Record(
        record_id=RECORD_PREFIX + hashlib.sha256(key.encode()).hexdigest(),
        fingerprint=hashlib.sha256(content.encode()).hexdigest(),
        answer=task.json(),
        expires_at=int(time.time()) + RETENTION,
    )
