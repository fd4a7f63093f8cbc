"""The Lambda function's alias: its version, its state, and moving it."""

from __future__ import annotations

from datetime import datetime

from tasktracker_ops.models.status import FunctionState
from tasktracker_ops.models.times import timestamp

from .session import AwsNotFound, AwsSession, aws_errors

ALIAS = "live"


class Functions:
    """One Lambda function and its alias."""

    def __init__(self, session: AwsSession, name: str) -> None:
        self._session = session
        self.name = name

    def live_version(self) -> str | None:
        """Return the version of the alias; None without such a function or alias."""
        try:
            with aws_errors(f"reading the alias {ALIAS!r} of {self.name!r}"):
                answer = self._session.client("lambda").get_alias(
                    FunctionName=self.name, Name=ALIAS
                )
        except AwsNotFound:
            return None
        return str(answer["FunctionVersion"])

    def state(self, alias: str) -> FunctionState:
        """Return the state of the version of `alias`. Raises AwsNotFound without one."""
        with aws_errors(f"reading the alias {alias!r} of the function {self.name!r}"):
            answer = self._session.client("lambda").get_function_configuration(
                FunctionName=self.name, Qualifier=alias
            )
        return FunctionState(
            name=self.name,
            alias=alias,
            version=answer["Version"],
            runtime=answer.get("Runtime", answer.get("PackageType", "")),
            state=answer.get("State", "Active"),
            changed_at=timestamp(datetime.fromisoformat(answer["LastModified"])),
        )

    def move_alias(self, version: str) -> None:
        """Point the alias to `version`, which serves from then on."""
        with aws_errors(f"moving the alias {ALIAS!r} of {self.name!r} to version {version}"):
            self._session.client("lambda").update_alias(
                FunctionName=self.name, Name=ALIAS, FunctionVersion=version
            )
