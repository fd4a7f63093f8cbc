"""The place beside the state from which Lambda reads a package that no request can hold."""

from __future__ import annotations

from .session import AwsSession, aws_errors


def packages_prefix(state_key: str) -> str:
    """Return what the keys of the packages of a deployment begin with."""
    return f"{state_key}.packages/"


class PackageStore:
    """The object that has the last large package of a deployment."""

    def __init__(self, session: AwsSession, *, bucket: str, state_key: str) -> None:
        self._session = session
        self.bucket = bucket
        # One object, so that the bucket does not grow: Lambda makes copies.
        self.key = f"{packages_prefix(state_key)}function.zip"

    def write(self, package: bytes) -> None:
        """Store a package in place of the last one."""
        with aws_errors(f"writing {self.key!r} to {self.bucket!r}"):
            self._session.client("s3").put_object(
                Bucket=self.bucket, Key=self.key, Body=package, ContentType="application/zip"
            )
