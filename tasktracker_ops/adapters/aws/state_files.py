"""The state files in the state bucket."""

from __future__ import annotations

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.state import State, StateInvalid

from .session import AwsNotFound, AwsSession, aws_errors


class StateFiles:
    """Reads Terraform's states in S3."""

    def __init__(self, session: AwsSession, *, bucket: str, lock_table: str) -> None:
        self._session = session
        self.bucket = bucket
        self.lock_table = lock_table

    def read(self, key: str) -> State | None:
        """Return the current state; None where there is no object.

        Raises TtOpsError `state-corrupted` for an object that is no state.
        """
        try:
            with aws_errors(f"reading {key!r} from {self.bucket!r}"):
                answer = self._session.client("s3").get_object(Bucket=self.bucket, Key=key)
                content = answer["Body"].read()
        except AwsNotFound:
            return None
        try:
            return State.parse(content)
        except StateInvalid as error:
            raise TtOpsError(
                "state-corrupted",
                f"the state {key!r} in the bucket {self.bucket!r} cannot be read: {error}",
                hint="repair it: tt-ops state repair",
            ) from None
