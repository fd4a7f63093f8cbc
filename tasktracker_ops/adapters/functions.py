"""The Lambda function's alias: which version serves, and moving it."""

from __future__ import annotations

from .session import AwsNotFound, AwsSession, aws_errors

ALIAS = "live"


class Functions:
    """One function, seen through its alias."""

    def __init__(self, session: AwsSession, name: str) -> None:
        self._session = session
        self.name = name

    def live_version(self) -> str | None:
        """The version behind the alias, or None while there is no such function or alias."""
        try:
            with aws_errors(f"reading the alias {ALIAS!r} of {self.name!r}"):
                answer = self._session.client("lambda").get_alias(
                    FunctionName=self.name, Name=ALIAS
                )
        except AwsNotFound:
            return None
        return str(answer["FunctionVersion"])

    def move_alias(self, version: str) -> None:
        """Serve `version` from now on."""
        with aws_errors(f"moving the alias {ALIAS!r} of {self.name!r} to version {version}"):
            self._session.client("lambda").update_alias(
                FunctionName=self.name, Name=ALIAS, FunctionVersion=version
            )
